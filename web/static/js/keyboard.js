/* Software keyboard for fields marked data-keyboard. The real keyboard goes on working in the field;
   in the grid of keys the arrow keys move, so that Tab crosses it in one step. The field hides what is
   typed: a screen reader is told how many characters it holds. */

const ROWS = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];

function key(text, label = text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = text.length > 1 ? "keyboard__key keyboard__key--wide" : "keyboard__key";
  button.textContent = text;
  button.setAttribute("aria-label", label);
  button.tabIndex = -1;
  return button;
}

function row(...keys) {
  const line = document.createElement("div");
  line.className = "keyboard__row";
  line.append(...keys);
  return line;
}

function type(field, text) {
  const room = field.maxLength < 0 || field.value.length < field.maxLength;
  if (room) field.value += text;
}

function counter(board, field, words) {
  const line = document.createElement("p");
  line.className = "visually-hidden";
  line.setAttribute("role", "status");
  board.addEventListener("click", () => { line.textContent = `${words.typed}: ${field.value.length}`; });
  return line;
}

function build(field, words) {
  const board = document.createElement("div");
  board.className = "keyboard";
  board.id = `keyboard-${field.name}`;
  board.setAttribute("role", "group");
  board.setAttribute("aria-label", words.name);
  const letters = [];
  for (const signs of ROWS) {
    const keys = [...signs].map((sign) => key(sign));
    for (const button of keys) button.addEventListener("click", () => type(field, button.textContent));
    letters.push(...keys);
    board.append(row(...keys));
  }
  board.append(row(...acts(field, words, letters)), counter(board, field, words));
  board.addEventListener("keydown", (event) => move(event, board));
  board.querySelector("button").tabIndex = 0;
  return board;
}

function acts(field, words, letters) {
  const upper = key(words.upper);
  upper.setAttribute("aria-pressed", "false");
  upper.addEventListener("click", () => {
    const on = upper.getAttribute("aria-pressed") !== "true";
    upper.setAttribute("aria-pressed", String(on));
    for (const button of letters) {
      button.textContent = on ? button.textContent.toUpperCase() : button.textContent.toLowerCase();
      button.setAttribute("aria-label", on && /[A-Z]/.test(button.textContent) ? `${words.upper} ${button.textContent}` : button.textContent);
    }
  });
  const erase = key(words.erase);
  erase.addEventListener("click", () => { field.value = field.value.slice(0, -1); });
  const clear = key(words.clear);
  clear.addEventListener("click", () => { field.value = ""; });
  return [upper, erase, clear];
}

function move(event, board) {
  const rows = [...board.querySelectorAll(".keyboard__row")].map((line) => [...line.children]);
  const y = rows.findIndex((keys) => keys.includes(event.target));
  const x = y < 0 ? -1 : rows[y].indexOf(event.target);
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const step = steps[event.key];
  if (y < 0 || !step) return;
  event.preventDefault();
  const line = rows[(y + step[1] + rows.length) % rows.length];
  const next = line[Math.min(Math.max(x + step[0], 0), line.length - 1)];
  event.target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

for (const field of document.querySelectorAll("input[data-keyboard]")) {
  const words = JSON.parse(field.dataset.keyboard);
  const opener = document.createElement("button");
  opener.type = "button";
  opener.className = "button button--small keyboard-open";
  opener.textContent = words.open;
  opener.setAttribute("aria-expanded", "false");
  let board = null;
  opener.addEventListener("click", () => {
    board ??= build(field, words);
    const open = !board.isConnected;
    if (open) opener.after(board); else board.remove();
    opener.setAttribute("aria-expanded", String(open));
    opener.textContent = open ? words.close : words.open;
  });
  field.after(opener);
}
