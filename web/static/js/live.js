// Regions that follow what happens: [data-live=ADDRESS] is fetched every data-live-every ms and replaced where it changed.
// When its data-stage changes, the whole page is loaded anew, because forms and headings belong to the stage.
// It rests while the page is hidden, and stops after ten minutes without a hand on the keyboard or the mouse,
// so that a forgotten page does not keep a session alive.

const REST_AFTER_MS = 10 * 60 * 1000;

let lastTouch = Date.now();
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, () => { lastTouch = Date.now(); }, { passive: true });
}

// on the way to another page nothing is loaded anew: that would call the way off, and an act's page would be lost
let leaving = false;
addEventListener("beforeunload", () => { leaving = true; });
addEventListener("pageshow", () => { leaving = false; });

for (const region of document.querySelectorAll("[data-live]")) follow(region);

function follow(region) {
  const line = document.createElement("p");
  line.className = "live-line";
  line.setAttribute("role", "status");
  line.hidden = true;
  region.after(line);
  const every_ms = Number(region.dataset.liveEvery);
  let shown = null;

  async function look() {
    if (Date.now() - lastTouch > REST_AFTER_MS) return rest();
    if (!document.hidden && !leaving) await fetchOnce();
    setTimeout(look, every_ms);
  }

  async function fetchOnce() {
    try {
      const answer = await fetch(region.dataset.live, { headers: { Accept: "text/html" }, redirect: "manual" });
      if (leaving) return;
      if (answer.type === "opaqueredirect" || answer.status === 404) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.text());
      line.hidden = true;
    } catch {
      if (!leaving) say(region.dataset.liveLost);
    }
  }

  function show(text) {
    if (leaving || text === shown) return;
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const stage = fresh.querySelector("[data-stage]")?.dataset.stage;
    const before = region.querySelector("[data-stage]")?.dataset.stage;
    if (stage !== before) return location.reload();
    const first = shown === null;
    shown = text;
    if (first && region.innerHTML.trim() === text.trim()) return;
    // what somebody is about to press stays under the finger
    if (region.contains(document.activeElement) && document.activeElement !== region) return void (shown = null);
    region.replaceChildren(...fresh.body.childNodes);
  }

  function rest() {
    const resume = document.createElement("button");
    resume.className = "button button--small";
    resume.textContent = region.dataset.liveResume;
    resume.addEventListener("click", () => { lastTouch = Date.now(); line.hidden = true; look(); });
    say(region.dataset.liveStopped, " ", resume);
  }

  function say(...parts) {
    line.replaceChildren(...parts);
    line.hidden = false;
  }

  setTimeout(look, every_ms);
}
