// What a token is called, and the form that changes it.
import { change } from "./store.js";
import { spoken, t } from "./texts.js";
import { field, form, sender } from "./view.js";

// What stands for the institution, and the name behind it.
export function titles({ institution, display_name, name }) {
  return display_name === "replaces" && name ? [name, ""] : [institution[spoken()], name];
}

export const called = (token) => titles(token).filter(Boolean).join(" ");

export function nameForm(token, act, done) {
  const label = token.display_name === "replaces" ? "name" : "addition";
  const name = field(label, "may", { maxlength: 20, value: token.name });
  return form(async () => {
    await change([[token.id, { name: name.input.value.trim() }]]);
    done();
  }, name.whole, sender(t(act)));
}
