// See docs/app-protocol.md. Secrets live in keys that nobody can read, this program included.
const { subtle } = crypto;
const TO_SERVER = "kagiya app 1 app to server";
const TO_APP = "kagiya app 1 server to app";
const P256 = { name: "ECDH", namedCurve: "P-256" };
const HASHES = { sha1: ["SHA-1", 20], sha256: ["SHA-256", 32], sha512: ["SHA-512", 64] };

const utf8 = (text) => new TextEncoder().encode(text);
const imported = (bytes, algorithm, use) => subtle.importKey("raw", bytes, algorithm, false, [use]);
const sha256 = (bytes) => subtle.digest("SHA-256", bytes);
const counted = (bytes) => [0, 0, bytes.length >> 8, bytes.length & 255, ...bytes];
const listed = (texts) => new Uint8Array(texts.flatMap((text) => counted(utf8(text))));

export function toBase64url(bytes) {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export const fromBase64url = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

export async function directionKeys(password, salt, iterations) {
  const typed = await imported(utf8(password), "PBKDF2", "deriveBits");
  const slow = await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, typed, 256);
  const base = await imported(slow, "HKDF", "deriveKey");
  const one = (info, use) => subtle.deriveKey({ name: "HKDF", hash: "SHA-256", salt: utf8(""), info: utf8(info) },
    base, { name: "HMAC", hash: "SHA-256", length: 256 }, false, [use]);
  return { toServer: await one(TO_SERVER, "sign"), toApp: await one(TO_APP, "verify") };
}

export const newAppKey = () => subtle.generateKey(P256, false, ["deriveBits"]);

export async function publicJwk(appKey) {
  const { kty, crv, x, y } = await subtle.exportKey("jwk", appKey.publicKey);
  return { kty, crv, x, y };
}

export const thumbprint = async ({ x, y }) =>
  toBase64url(await sha256(utf8(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`)));

export const proofMac = async (keys, setting) =>
  toBase64url(await subtle.sign("HMAC", keys.toServer, listed([TO_SERVER, ...setting])));

export function isAuthentic(keys, setting, { ticket, institution, otp, seed_jwe, mac }) {
  const told = [ticket, institution.ja, institution.en, otp.type, otp.algorithm, otp.digits, otp.period_s, seed_jwe];
  return subtle.verify("HMAC", keys.toApp, fromBase64url(mac), listed([TO_APP, ...setting, ...told.map(String)]));
}

// The seed as a key that signs and does nothing else.
export async function openSeed(appKey, { otp, seed_jwe }) {
  const [hash, length] = HASHES[otp.algorithm];
  const [head, none, iv, sealed, tag] = seed_jwe.split(".");
  const header = JSON.parse(new TextDecoder().decode(fromBase64url(head)));
  if (none || header.alg !== "ECDH-ES" || header.enc !== "A256GCM") throw new TypeError("unknown JWE");
  const opening = { name: "AES-GCM", iv: fromBase64url(iv), additionalData: utf8(head) };
  const both = new Uint8Array([...fromBase64url(sealed), ...fromBase64url(tag)]);
  const seed = new Uint8Array(await subtle.decrypt(opening, await agreedKey(appKey, header), both));
  if (seed.length !== length) throw new TypeError("unknown seed");
  const key = await imported(seed, { name: "HMAC", hash }, "sign");
  seed.fill(0);
  return key;
}

// RFC 7518 §4.6.2: one round of the Concat KDF.
async function agreedKey(appKey, { epk, apu, apv }) {
  const theirs = await subtle.importKey("jwk", { kty: "EC", crv: "P-256", x: epk.x, y: epk.y }, P256, false, []);
  const shared = await subtle.deriveBits({ name: "ECDH", public: theirs }, appKey.privateKey, 256);
  const info = [utf8("A256GCM"), fromBase64url(apu), fromBase64url(apv)].flatMap(counted);
  const digest = await sha256(new Uint8Array([0, 0, 0, 1, ...new Uint8Array(shared), ...info, 0, 0, 1, 0]));
  return imported(digest, "AES-GCM", "decrypt");
}
