// RFC 6238 with a key that cannot be read.
export const stepAt = (otp, ms) => Math.floor(ms / 1000 / otp.period_s);

export const secondsLeft = (otp, ms) => otp.period_s - (Math.floor(ms / 1000) % otp.period_s);

export async function codeAt(token, ms) {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(stepAt(token.otp, ms)));
  const mac = new DataView(await crypto.subtle.sign("HMAC", token.key, counter.buffer));
  const offset = mac.getUint8(mac.byteLength - 1) & 15;
  const number = (mac.getUint32(offset) & 0x7fffffff) % 10 ** token.otp.digits;
  return String(number).padStart(token.otp.digits, "0");
}
