// Making elements without HTML text: nothing typed or received can become markup.
import { t } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, attributes = {}, ...children) {
  const drawn = tag === "svg" || tag === "circle";
  const element = drawn ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children.filter(Boolean));
  return element;
}

export const button = (label, click, look = "") => h("button", { type: "button", class: `button ${look}`, click }, label);

export const notice = (kind, title, ...body) => h("section", { class: `notice ${kind}` }, h("h2", {}, title), ...body);

export const mark = (name) => h("span", { class: name }, t(name));

// Label above, hint and error under it, then the field. `fail("")` takes the error back.
export function field(id, text, needed, attributes, beside) {
  const input = h("input", { id, class: "input", autocomplete: "off", "aria-describedby": `${id}-hint ${id}-error`, ...attributes });
  const error = h("p", { id: `${id}-error`, class: "error" });
  const whole = h("div", { class: "field" }, h("label", { for: id }, t(text), " ", mark(needed)),
    h("p", { id: `${id}-hint`, class: "hint" }, t(`${text}Hint`)), error, input, beside);
  const fail = (words) => {
    error.textContent = words;
    input.setAttribute("aria-invalid", Boolean(words));
  };
  return { id, whole, input, fail };
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
  document.querySelector("#screen-id").textContent = screen;
  document.querySelector("main").replaceChildren(heading, ...children.filter(Boolean));
  scrollTo(0, 0);
  heading.focus();
}

let fading;
export function say(words) {
  const status = document.querySelector("#status");
  status.textContent = words;
  clearTimeout(fading);
  fading = setTimeout(say, 4000, "");
}
