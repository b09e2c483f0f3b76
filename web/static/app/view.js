// Elements without HTML text: nothing typed or received becomes markup.
import { t } from "./texts.js";

export const find = (selector) => document.querySelector(selector);

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children.filter(Boolean));
  return element;
}

export const button = (label, click, look = "") => h("button", { type: "button", class: `button ${look}`, click }, label);

export const notice = (kind, title, ...body) => h("section", { class: `notice ${kind}` }, h("h2", {}, title), ...body);

export const sender = (label) => h("button", { class: "button main" }, label);

export const mark = (name) => h("span", { class: name }, t(name));

// An input and the line for its fault; `fail("")` clears it.
export function answerable(id, attributes) {
  const input = h("input", { id, "aria-describedby": `${id}-hint ${id}-error`, ...attributes });
  const error = h("p", { id: `${id}-error`, class: "error" });
  const fail = (words) => {
    error.textContent = words;
    input.setAttribute("aria-invalid", Boolean(words));
  };
  return { id, input, error, fail };
}

export function field(id, needed, attributes, beside) {
  const one = answerable(id, { class: "input", autocomplete: "off", spellcheck: "false", maxlength: 64, ...attributes });
  const whole = h("div", { class: "field" }, h("label", { for: id }, t(id), " ", mark(needed)),
    h("p", { id: `${id}-hint`, class: "hint" }, t(`${id}Hint`)), one.error, one.input, beside);
  return { ...one, whole };
}

export function form(submit, ...children) {
  const send = (event) => {
    event.preventDefault();
    submit();
  };
  return h("form", { novalidate: "", submit: send }, ...children);
}

export function show(screen, title, ...children) {
  const heading = h("h1", { tabindex: "-1" }, title);
  find("#screen-id").textContent = screen;
  find("main").replaceChildren(heading, ...children.filter(Boolean));
  scrollTo(0, 0);
  heading.focus();
}

let fading;
export function say(words, shownMs = 4000) {
  find("#status").textContent = words;
  clearTimeout(fading);
  fading = setTimeout(say, shownMs, "");
}
