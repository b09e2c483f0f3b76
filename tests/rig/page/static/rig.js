// Keeps the rig page alive: asks for its state twice a second and sets what changed. Every act also works without it.
const root = document.body.dataset.root;
const POLL_MS = 500;
let mailsShown = Number(document.querySelector("#mail-count").textContent);
let clockAhead_ms = null;

async function ask(path, options) {
  const response = await fetch(root + path, { headers: { Accept: "application/json" }, ...options });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showFob(fob) {
  const card = document.querySelector(`[data-serial="${CSS.escape(fob.serial)}"]`);
  if (!card) return location.reload();
  Object.assign(card.dataset, { plugged: fob.plugged, light: fob.light, fault: fob.fault, battery: fob.battery_percent < 15 ? "low" : "good" });
  card.querySelectorAll(".digit").forEach((digit, position) => { digit.dataset.value = fob.display[position] ?? " "; });
  card.querySelector(".bars").dataset.left = fob.period_s ? Math.ceil(fob.seconds_left * 6 / fob.period_s) : 0;
  const output = card.querySelector("output"), left = card.querySelector(".left"), state = card.querySelector(".state");
  const running = fob.display !== "";
  set(output, running ? `${fob.display.slice(0, 4)} ${fob.display.slice(4)}` : output.dataset.blank);
  set(left, fob.period_s ? left.dataset.words.replace("%s", fob.seconds_left) : "");
  set(state, fob.light === "talking" ? state.dataset.talkingWord : fob.plugged ? state.dataset.pluggedWord : state.dataset.unpluggedWord);
  set(card.querySelector('[data-field="battery"]'), `${fob.battery_percent} %`);
  set(card.querySelector('[data-field="generation"]'), String(fob.generation));
  set(card.querySelector('[data-field="fault"]'), card.querySelector(`option[value="${fob.fault}"]`).textContent);
  card.querySelector(".copy").hidden = !running;
  card.querySelector(".press").hidden = !fob.has_button;
}

function showClock(clock) {
  clockAhead_ms = clock.unix_time * 1000 - Date.now();
  set(document.querySelector("#clock-date"), clock.date);
  const offset = document.querySelector("#clock-offset");
  set(offset, clock.offset ? `${offset.dataset.moved} ${clock.offset}` : offset.dataset.real);
  tick();
}

function tick() {
  if (clockAhead_ms === null) return;
  const time = new Date(Date.now() + clockAhead_ms).toLocaleTimeString("en-GB", { timeZone: "Asia/Tokyo" });
  set(document.querySelector("#clock-time"), time);
}

async function showMails(count) {
  if (count === mailsShown) return;
  const mails = await ask("/mails");
  const list = document.querySelector("#mails"), template = document.querySelector("#mail-template");
  for (const mail of mails.slice(mailsShown)) {
    const item = template.content.firstElementChild.cloneNode(true);
    const received = new Date(mail.received_at).toLocaleString("ja-JP", { timeZone: "Asia/Tokyo", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
    for (const [field, text] of Object.entries({ ...mail, received })) {
      const place = item.querySelector(`[data-mail="${field}"]`);
      if (place) place.textContent = text;
    }
    item.classList.add("fresh");
    list.prepend(item);
  }
  mailsShown = mails.length;
  set(document.querySelector("#mail-count"), String(mailsShown));
  document.querySelector("#no-mail").hidden = mailsShown > 0;
}

async function refresh() {
  const offline = document.querySelector("#offline");
  try {
    const state = await ask("/state");
    state.fobs.forEach(showFob);
    showClock(state.clock);
    await showMails(state.mails);
    offline.hidden = true;
  } catch {
    offline.hidden = false;
  }
}

document.querySelectorAll("form[data-live]").forEach((form) => {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form, event.submitter));
    await ask(new URL(form.action).pathname.slice(root.length), { method: "POST", body }).catch(() => {});
    await refresh();
    if (document.activeElement === document.body) form.closest(".card")?.querySelector(".acts form:not([hidden]) button")?.focus();
  });
});

document.querySelectorAll(".faults form").forEach((form) => {
  const select = form.querySelector("select"), report = form.querySelector(".report");
  const adapt = () => { report.hidden = !("report" in select.selectedOptions[0].dataset); };
  select.addEventListener("change", adapt);
  adapt();
});

document.querySelectorAll(".copy").forEach((button) => {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.closest(".card").querySelector("output").textContent.replace(/\D/g, ""));
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 1500);
  });
});

setInterval(tick, 250);
setInterval(() => { if (!document.hidden) refresh(); }, POLL_MS);
refresh();
