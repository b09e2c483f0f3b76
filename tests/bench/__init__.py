"""Benchmarks, run as `kagiya bench NAME`: real server processes, loopback only, bounded in time and number."""
