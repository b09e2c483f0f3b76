// IndexedDB: tokens with their keys, app keys of unfinished set-ups, choices.
export const MOST_TOKENS = 10;
const TABLES = ["tokens", "pending", "choices"];
const MARK = "kagiya-app=1";
const MARKED_S = 34560000;
const tabs = self.BroadcastChannel && new BroadcastChannel("kagiya");
let opened;

const settled = (request, done) => new Promise((resolve, reject) => {
  request[done] = () => resolve(request.result);
  request.onerror = request.onabort = () => reject(request.error);
});

async function database() {
  const request = indexedDB.open("kagiya", 1);
  request.onupgradeneeded = () => TABLES.forEach((name) => request.result.createObjectStore(name, { keyPath: "id" }));
  const made = await settled(request, "onsuccess");
  // cleared by the browser, or a newer version of the app changes it
  made.onclose = made.onversionchange = () => {
    made.close();
    opened = undefined;
  };
  return made;
}

async function within(tables, mode, act) {
  opened ??= database();
  const transaction = (await opened).transaction(tables, mode, { durability: "strict" });
  const request = act((name) => transaction.objectStore(name));
  await settled(transaction, "oncomplete");
  if (mode === "readwrite" && tables[0] === "tokens") await changed();
  return request?.result;
}

// The mark is a cookie: it outlives a database that the browser throws away.
async function changed() {
  const age_s = (await all("tokens")).length ? MARKED_S : 0;
  document.cookie = `${MARK}; path=/app/; max-age=${age_s}; samesite=strict; secure`;
  tabs.postMessage("changed");
}

export const get = (name, id) => within([name], "readonly", (table) => table(name).get(id));
export const all = (name) => within([name], "readonly", (table) => table(name).getAll());
export const put = (name, value) => within([name], "readwrite", (table) => table(name).put(value));
export const remove = (name, id) => within([name], "readwrite", (table) => table(name).delete(id));

// The first version of the app knew no places.
export const tokens = async () =>
  (await all("tokens")).map((token) => ({ place: 0, ...token })).sort((a, b) => a.place - b.place);
export const areLost = async () => document.cookie.includes(MARK) && !(await all("tokens")).length;
export const whenOtherTabsChange = (act) => tabs.addEventListener("message", act);

// `changes`: [id, what] each. What another tab has deleted does not come back.
export const change = (changes) => within(["tokens"], "readwrite", (table) => {
  for (const [id, what] of changes) {
    table("tokens").get(id).onsuccess = ({ target }) =>
      target.result && table("tokens").put({ ...target.result, ...what });
  }
});

// The seed is safe and its app key forgotten, or neither.
export const finish = (token, pendingId) => within(["tokens", "pending"], "readwrite", (table) => {
  table("tokens").put(token);
  table("pending").delete(pendingId);
});
