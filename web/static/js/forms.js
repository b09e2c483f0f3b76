/* A form is sent once; an error summary gets the focus; pages that can be printed show the button;
   a list can be ticked as a whole; digits that are hidden can be shown. */

// a press that was lost on a bad line, or stopped, can be made again; the server does nothing twice for it
const AGAIN_AFTER_MS = 10000;

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, AGAIN_AFTER_MS);
  });
}

// a page taken from the browser's memory may be sent again; the server decides what that does
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
});

document.getElementById("error-summary")?.focus();

for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

for (const button of document.querySelectorAll("button[data-tick]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const boxes = [...button.closest("fieldset").querySelectorAll("input[type=checkbox]")];
    const some_left = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = some_left;
  });
}

for (const field of document.querySelectorAll("input[data-reveal]")) {
  const label = document.createElement("label");
  label.className = "choice reveal";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.addEventListener("change", () => { field.type = box.checked ? "text" : "password"; });
  const words = document.createElement("span");
  words.textContent = field.dataset.reveal;
  label.append(box, words);
  field.after(label);
  // leave nothing readable behind for the browser's own memory of forms
  field.form.addEventListener("submit", () => { field.type = "password"; });
}
