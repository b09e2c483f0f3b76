// BAP004: name, place and deletion of one token.
import { called, nameForm } from "./names.js";
import { change, remove, tokens } from "./store.js";
import { spoken, t } from "./texts.js";
import { button, h, say, show } from "./view.js";

// `codes`, `home` and `stay` lead to screens.
export async function edit(token, { codes, home, stay }) {
  const ids = (await tokens()).map(({ id }) => id);
  const drop = async () => {
    await remove("tokens", token.id);
    await home();
    say(t("removed"));
  };
  const sure = h("dialog", { "aria-labelledby": "sure" },
    h("p", { id: "sure" }, t("sure", { name: called(token), user: token.ids.user_id })),
    button(t("yes"), drop, "danger"), button(t("back"), () => sure.close()));
  const { service_id, user_id } = token.ids;
  const facts = [`${t("serviceId")} ${service_id}`, `${t("userId")} ${user_id}`];
  if (called(token) !== token.institution[spoken()]) facts.unshift(token.institution[spoken()]);
  show("BAP004", called(token), h("p", {}, ...facts.flatMap((fact) => [fact, h("br")])),
    nameForm(token, "save", codes), ids.length > 1 && places(token, ids, stay), button(t("back"), codes),
    h("section", { class: "apart" }, h("h2", {}, t("removal")), h("p", {}, t("removalLead")),
      button(t("yes"), () => sure.showModal(), "danger")), sure);
}

function places(token, ids, stay) {
  const at = ids.indexOf(token.id);
  const mover = (words, to) => {
    const moved = ids.filter((id) => id !== token.id);
    moved.splice(to, 0, token.id);
    const one = button(t(words), async () => {
      await change(moved.map((id, place) => [id, { place }]));
      await stay();
      say(t("moved", { place: to + 1 }));
    });
    one.disabled = !(to in ids);
    return one;
  };
  return h("section", { class: "places" }, h("h2", {}, t("order")), mover("up", at - 1), mover("down", at + 1));
}
