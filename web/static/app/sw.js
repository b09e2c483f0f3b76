// The app's files, offline too: the newest if it comes soon, else the kept.
const CACHE = "kagiya-app-1";
const WAIT_MS = 3000;
const MODULES = ["clock", "crypto", "entry", "main", "setup", "store", "texts", "totp", "view"].map((name) => `${name}.js`);
const FILES = ["", "manual", "app.css", "icon.svg", "manifest.webmanifest", ...MODULES].map((name) => `/app/${name}`);

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(skipWaiting));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  const ours = event.request.method === "GET" && origin === location.origin && FILES.includes(pathname);
  if (ours) event.respondWith(newest(event, pathname));
});

async function newest(event, pathname) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(pathname);
  const asked = fetch(event.request).then(async (response) => {
    if (!response.ok) return kept ?? response;
    await cache.put(pathname, response.clone());
    return response;
  });
  event.waitUntil(asked.catch(() => {}));
  if (!kept) return asked;
  const late = new Promise((resolve) => setTimeout(resolve, WAIT_MS, kept));
  return Promise.race([asked, late]).catch(() => kept);
}
