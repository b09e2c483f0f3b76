// The app's files, offline too. VERSION and FILES, each with its digest, are written in front of this by the server.
const WAIT_MS = 3000;
const DOCUMENTS = ["manual", "download"];

// All of one version or nothing.
addEventListener("install", (event) => {
  const exact = ([name, integrity]) => new Request(`/app/${name}`, { integrity, cache: "no-cache" });
  event.waitUntil(caches.open(VERSION).then((cache) => cache.addAll(Object.entries(FILES).map(exact))));
});

// A page asks for it when nobody is in the middle of anything.
addEventListener("message", skipWaiting);

addEventListener("activate", (event) => event.waitUntil(takeOver()));

async function takeOver() {
  const old = (await caches.keys()).filter((name) => name !== VERSION);
  await Promise.all(old.map((name) => caches.delete(name)));
  await clients.claim();
}

addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  const name = pathname.slice("/app/".length);
  const ours = event.request.method === "GET" && origin === location.origin && pathname === `/app/${name}`;
  if (ours && name in FILES) event.respondWith(DOCUMENTS.includes(name) ? newest(event, pathname) : kept(event, pathname));
});

async function kept(event, pathname) {
  const cache = await caches.open(VERSION);
  return (await cache.match(pathname)) ?? fetch(event.request);
}

// In the language that was chosen last, if there is a line.
function newest(event, pathname) {
  const late = new Promise((resolve) => setTimeout(resolve, WAIT_MS)).then(() => kept(event, pathname));
  return Promise.race([fetch(event.request), late]).catch(() => kept(event, pathname));
}
