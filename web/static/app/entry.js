// BAP001: what the owner types. The set-up code only once the server wants it.
import { setUp, unfinished } from "./setup.js";
import { t } from "./texts.js";
import { answerable, button, field, find, form, h, mark, notice, say, sender, show } from "./view.js";

const plain = ({ input }) => input.value.normalize("NFKC").replace(/\s/g, "");

// What may be shown again: no password, no set-up code.
export const held = () => ({
  ids: { service_id: find("#serviceId").value, user_id: find("#userId").value },
  coded: !!find("#setupCode"),
});

// `back` may be null; `typed` is shown again
export async function entry(done, back, warning, typed, failure) {
  const cut = failure ? undefined : await unfinished();
  const { service_id = "", user_id = "" } = (typed ?? cut)?.ids ?? {};
  const digits = { inputmode: "numeric" };
  const capitals = { autocapitalize: "characters" };
  const serviceId = field("serviceId", "must", { ...digits, value: service_id });
  const userId = field("userId", "must", { ...capitals, value: user_id });
  const reveal = button(t("show"), () => {
    const hidden = password.input.type === "password";
    password.input.type = hidden ? "text" : "password";
    reveal.textContent = t(hidden ? "hide" : "show");
  }, "plain");
  const password = field("password", "must", { ...digits, type: "password" }, reveal);
  password.input.value = typed?.password ?? "";
  const code = typed?.coded && field("setupCode", "must", capitals);
  const consent = agreement();
  const problems = h("div", { tabindex: "-1" });
  if (failure) problems.append(notice("bad", t(typed.password ? "check" : "failed"), h("p", {}, t(failure))));
  else if (cut) problems.append(notice("info", t("cut"), h("p", {}, t("cutHelp"))));
  const send = sender(t("send"));

  async function submit() {
    const checks = [
      [serviceId, /^\d{8}$/.test(plain(serviceId)), "needServiceId"],
      [userId, plain(userId), "needUserId"],
      [password, /^\d{4,8}$/.test(plain(password)), "needPassword"],
      ...(code ? [[code, plain(code), "needSetupCode"]] : []),
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
    say(t("sending"));
    const ids = { service_id: plain(serviceId), user_id: plain(userId) };
    try {
      done(await setUp(ids, plain(password), code && plain(code).toUpperCase()));
    } catch (error) {
      const { reason = "broken" } = error;
      const kept = reason === "needSetupCode" && { coded: true, password: plain(password) };
      await entry(done, back, warning, { ids, coded: code, ...kept }, reason);
      find(".notice.bad").parentElement.focus();
    }
    say("");
  }

  consent.input.checked = !!failure;
  show("BAP001", t("setup"), warning(), problems, h("p", {}, t("setupLead")),
    form(submit, serviceId.whole, userId.whole, password.whole, code?.whole, consent.whole, send,
      back && button(t("back"), back)));
}

function agreement() {
  const one = answerable("consent", { type: "checkbox" });
  const points = ["consent1", "consent2", "consent3"].map((name) => h("li", {}, t(name)));
  const whole = h("section", { class: "consent" }, h("h2", {}, t("consent")), h("ul", { id: "consent-hint" }, ...points),
    one.error, h("label", { class: "choice" }, one.input, h("span", {}, t("agree"), " ", mark("must"))));
  return { ...one, whole };
}
