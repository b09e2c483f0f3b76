// IndexedDB: tokens with their keys, app keys of unfinished set-ups, choices.
const TABLES = ["tokens", "pending", "choices"];
let opened;

const settled = (request, done) => new Promise((resolve, reject) => {
  request[done] = () => resolve(request.result);
  request.onerror = request.onabort = () => reject(request.error);
});

function database() {
  const request = indexedDB.open("kagiya", 1);
  request.onupgradeneeded = () => TABLES.forEach((name) => request.result.createObjectStore(name, { keyPath: "id" }));
  return settled(request, "onsuccess");
}

async function within(tables, mode, act) {
  opened ??= database();
  const transaction = (await opened).transaction(tables, mode, { durability: "strict" });
  const request = act((name) => transaction.objectStore(name));
  await settled(transaction, "oncomplete");
  return request?.result;
}

export const get = (name, id) => within([name], "readonly", (table) => table(name).get(id));
export const all = (name) => within([name], "readonly", (table) => table(name).getAll());
export const put = (name, value) => within([name], "readwrite", (table) => table(name).put(value));
export const remove = (name, id) => within([name], "readwrite", (table) => table(name).delete(id));

export const tokens = async () => (await all("tokens")).sort((a, b) => a.addedAt - b.addedAt);

// The seed is safe and its app key forgotten, or neither.
export const finish = (token, pendingId) => within(["tokens", "pending"], "readwrite", (table) => {
  table("tokens").put(token);
  table("pending").delete(pendingId);
});
