// A short sound when a fob is done or something is in the way; the colour on the page says the same without it.
// The choice is kept in this browser. Each stage sounds once, also over reloads.

const TONES = { good: [880, 1320], bad: [330, 247], ask: [660, 660] };
const CHOICE = "kagiya-sound";
const LAST = "kagiya-sounded";

const label = document.querySelector("[data-sound]");
const box = label?.querySelector("input");
if (box) {
  label.hidden = false;
  box.checked = localStorage.getItem(CHOICE) === "yes";
  box.addEventListener("change", () => {
    localStorage.setItem(CHOICE, box.checked ? "yes" : "no");
    if (box.checked) play("good");
  });
}
sound();

function sound() {
  const place = document.querySelector("[data-signal]");
  if (!place) return;
  const stage = location.pathname + place.dataset.stage;
  if (sessionStorage.getItem(LAST) === stage) return;
  sessionStorage.setItem(LAST, stage);
  if (place.dataset.signal && box?.checked) play(place.dataset.signal);
}

function play(kind) {
  const context = new AudioContext();
  TONES[kind].forEach((hertz, index) => {
    const begin = context.currentTime + index * 0.16;
    const tone = context.createOscillator();
    const loudness = context.createGain();
    tone.frequency.value = hertz;
    loudness.gain.setValueAtTime(0.2, begin);
    loudness.gain.exponentialRampToValueAtTime(0.001, begin + 0.15);
    tone.connect(loudness).connect(context.destination);
    tone.start(begin);
    tone.stop(begin + 0.15);
  });
  setTimeout(() => context.close(), 1000);
}
