// BAP001: what the owner types. Set-up code and consent where the service asks for them.
import { wishes } from "./server.js";
import { setUp, unfinished } from "./setup.js";
import { areLost } from "./store.js";
import { t } from "./texts.js";
import { answerable, button, field, find, form, h, mark, notice, say, sender, show } from "./view.js";

const LONG_MS = 120000;

const plain = ({ input }) => input.value.normalize("NFKC").replace(/\s/g, "");

// What may be shown again: no password, no set-up code.
export const held = () => ({
  ids: { service_id: find("#serviceId").value, user_id: find("#userId").value },
  wished: { needs_setup_code: !find("#code").hidden, needs_consent: !find("#agreement").hidden },
});

// `back` may be null; `typed` is shown again
export async function entry(done, back, warning, typed, failure) {
  const cut = failure ? undefined : await unfinished();
  const { service_id = "", user_id = "" } = (typed ?? cut)?.ids ?? {};
  const digits = { inputmode: "numeric" };
  const capitals = { autocapitalize: "characters" };
  const serviceId = field("serviceId", "must", { ...digits, value: service_id, change: learn });
  const userId = field("userId", "must", { ...capitals, value: user_id, change: learn });
  const reveal = button(t("show"), () => {
    const hidden = password.input.type === "password";
    password.input.type = hidden ? "text" : "password";
    reveal.textContent = t(hidden ? "hide" : "show");
  }, "plain");
  const password = field("password", "must", { ...digits, type: "password" }, reveal);
  password.input.value = typed?.password ?? "";
  const code = field("setupCode", "must", capitals);
  code.whole.id = "code";
  const consent = agreement();
  const problems = h("div", { tabindex: "-1" });
  if (failure) problems.append(notice("bad", t(typed.password ? "check" : "failed"), h("p", {}, t(failure))));
  else if (cut) problems.append(notice("info", t("cut"), h("p", {}, t("cutHelp"))));
  else if (await areLost()) problems.append(notice("bad", t("lost"), h("p", {}, t("lostHelp"))));
  const send = sender(t("send"));
  const goodServiceId = () => /^\d{8}$/.test(plain(serviceId));

  function wish({ needs_setup_code, needs_consent }) {
    code.whole.hidden = !needs_setup_code;
    consent.choice.hidden = !needs_consent;
  }

  async function learn() {
    if (goodServiceId() && plain(userId)) await wishes(ids()).then(wish, () => {});
  }

  const ids = () => ({ service_id: plain(serviceId), user_id: plain(userId) });

  async function submit() {
    const checks = [
      [serviceId, goodServiceId(), "needServiceId"],
      [userId, plain(userId), "needUserId"],
      [password, /^\d{4,8}$/.test(plain(password)), "needPassword"],
      [code, code.whole.hidden || plain(code), "needSetupCode"],
      [consent, consent.choice.hidden || consent.input.checked, "needConsent"],
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
    say(t("sending"), LONG_MS);
    const agreed = consent.input.checked;
    try {
      done(await setUp(ids(), { password: plain(password), code: plain(code).toUpperCase(), agreed }));
    } catch ({ reason = "broken" }) {
      const { wished } = held();
      const asked = { needSetupCode: "needs_setup_code", needConsent: "needs_consent" }[reason];
      const again = { ids: ids(), agreed, wished };
      if (asked) Object.assign(again, { password: plain(password), wished: { ...wished, [asked]: true } });
      await entry(done, back, warning, again, reason);
      find(".notice.bad").parentElement.focus();
    }
    say("");
  }

  wish(typed?.wished ?? {});
  if (cut && !typed) learn();
  consent.input.checked = !!typed?.agreed;
  show("BAP001", t("setup"), warning(), problems, !back && installation(), h("p", {}, t("setupLead")),
    form(submit, serviceId.whole, userId.whole, password.whole, code.whole, consent.whole, send,
      back && button(t("back"), back)));
}

// Whoever uses the installed app does not see it.
const installation = () => h("p", { class: "browser" }, t("install"), " ", h("a", { href: "/app/download" }, t("download")));

function agreement() {
  const one = answerable("consent", { type: "checkbox" });
  const points = ["consent1", "consent2", "consent3"].map((name) => h("li", {}, t(name)));
  const choice = h("div", { id: "agreement" },
    one.error, h("label", { class: "choice" }, one.input, h("span", {}, t("agree"), " ", mark("must"))));
  const whole = h("section", { class: "consent" }, h("h2", {}, t("consent")), h("ul", { id: "consent-hint" }, ...points), choice);
  return { ...one, choice, whole };
}
