// BAP001: service ID, user ID, activation password, consent.
import { setUp, unfinished } from "./setup.js";
import { t } from "./texts.js";
import { button, field, form, h, mark, notice, say, show } from "./view.js";

const plain = (input) => input.value.normalize("NFKC").replace(/\s/g, "");

// `done(token)` goes on; `back` is there if there is somewhere to go back to; `typed` comes again after `failure`
export async function entry(done, back, warning, typed, failure) {
  const cut = typed ? undefined : await unfinished();
  const known = typed ?? cut ?? {};
  const quiet = { spellcheck: "false", maxlength: 64 };
  const digits = { ...quiet, inputmode: "numeric" };
  const serviceId = field("service-id", "serviceId", "must", { ...digits, value: known.serviceId ?? "" });
  const userId = field("user-id", "userId", "must", { ...quiet, value: known.userId ?? "", autocapitalize: "characters" });
  const reveal = button(t("show"), () => {
    const hidden = password.input.type === "password";
    password.input.type = hidden ? "text" : "password";
    reveal.textContent = t(hidden ? "hide" : "show");
  }, "plain");
  const password = field("password", "password", "must", { ...digits, type: "password" }, reveal);
  const consent = agreement();
  const problems = h("div", { tabindex: "-1" });
  if (failure) problems.append(notice("bad", t("failed"), h("p", {}, t(failure))));
  else if (cut) problems.append(notice("info", t("cut"), h("p", {}, t("cutHelp"))));
  const send = h("button", { class: "button main" }, t("send"));

  async function submit() {
    const checks = [
      [serviceId, /^\d{8}$/.test(plain(serviceId.input)), "needServiceId"],
      [userId, plain(userId.input), "needUserId"],
      [password, /^\d{4,8}$/.test(plain(password.input)), "needPassword"],
      [consent, consent.input.checked, "needConsent"],
    ];
    for (const [one, good, words] of checks) one.fail(good ? "" : t(words));
    const wrong = checks.filter(([, good]) => !good);
    if (wrong.length) {
      const links = wrong.map(([{ id }, , words]) => h("li", {}, h("a", { href: `#${id}` }, t(words))));
      problems.replaceChildren(notice("bad", t("check"), h("ul", {}, ...links)));
      problems.focus();
      return;
    }
    send.disabled = true;
    send.textContent = t("sending");
    say(t("sending"));
    const ids = { serviceId: plain(serviceId.input), userId: plain(userId.input), agreed: true };
    try {
      done(await setUp(ids.serviceId, ids.userId, plain(password.input)));
    } catch (error) {
      await entry(done, back, warning, ids, error.reason ?? "broken");
      document.querySelector(".notice.bad").parentElement.focus();
    }
    say("");
  }

  consent.input.checked = Boolean(known.agreed);
  show("BAP001", t("setup"), warning(), problems, h("p", {}, t("setupLead")),
    form(submit, serviceId.whole, userId.whole, password.whole, consent.whole, send, back && button(t("back"), back)));
}

function agreement() {
  const id = "consent";
  const input = h("input", { type: "checkbox", id, "aria-describedby": `${id}-error` });
  const error = h("p", { id: `${id}-error`, class: "error" });
  const points = ["consent1", "consent2", "consent3"].map((one) => h("li", {}, t(one)));
  const whole = h("section", { class: id }, h("h2", {}, t("consent")), h("ul", {}, ...points), error,
    h("label", { class: "choice" }, input, h("span", {}, t("agree"), " ", mark("must"))));
  return { id, whole, input, fail: (words) => { error.textContent = words; } };
}
