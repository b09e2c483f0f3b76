"""Files of seeds from makers (RFC 6030): reading, taking into stock, giving out, exporting."""
