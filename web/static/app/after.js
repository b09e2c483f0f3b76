// BAP002 and BAP006: what comes after a set-up.
import { nameForm } from "./names.js";
import { spoken, t } from "./texts.js";
import { form, h, notice, sender, show } from "./view.js";

export function showDone(token, warning, next) {
  const lead = t("doneLead", { institution: token.institution[spoken()], seconds: token.otp.period_s });
  show("BAP002", t("done"), warning, notice("good", lead, h("p", {}, t("next"))), h("p", {}, t("right")),
    form(next, sender(t("onward"))));
}

export function showNaming(token, warning, next) {
  const [title, act] = token.display_name === "replaces" ? ["naming", "onward"] : ["adding", "register"];
  show("BAP006", t(title), warning, h("p", {}, t("namingLead", { institution: token.institution[spoken()] })),
    nameForm(token, act, next));
}
