// Forms that a passkey answers: form[data-passkey=create|get] asks data-options what is to be made or signed when it is
// sent, lets the authenticator do it, and goes on with the answer in its field `response`.

const AGAIN = "kagiya-passkey-again";

for (const form of document.querySelectorAll("form[data-passkey]")) {
  // the page had grown too old for its first press and was loaded anew: that press is made up for, once
  let again = sessionStorage.getItem(AGAIN) === form.action;
  sessionStorage.removeItem(AGAIN);
  const said = form.querySelector("[data-passkey-said]");
  const button = form.querySelector("button");
  if (!window.PublicKeyCredential) {
    say("unsupported");
    button.disabled = true;
    continue;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled || !form.reportValidity()) return;
    button.disabled = true;
    said.hidden = true;
    try {
      const options = await asked();
      if (options === null) return anew();
      const answer = form.dataset.passkey === "create" ? await made(options) : await signed(options);
      form.elements.response.value = JSON.stringify(answer);
      form.submit();
    } catch (error) {
      say(error.name === "InvalidStateError" ? "known" : "cancelled");
      button.disabled = again = false;
    }
  });

  if (again && form.dataset.passkey === "get") form.requestSubmit();

  function anew() {
    if (again) throw new Error("not even then");
    sessionStorage.setItem(AGAIN, form.action);
    location.reload();
  }

  // null: another page comes first
  async function asked() {
    const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
    const answer = await fetch(form.dataset.options, { method: "POST", body });
    return answer.ok && !answer.redirected ? answer.json() : null;
  }

  function say(what) {
    said.textContent = form.dataset[what];
    said.hidden = false;
  }
}

// a page taken from the browser's memory can be sent again
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

async function made(options) {
  const publicKey = { ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) } };
  publicKey.excludeCredentials = options.excludeCredentials.map(named);
  const credential = await navigator.credentials.create({ publicKey });
  const { response } = credential;
  return told(credential, {
    clientDataJSON: text(response.clientDataJSON),
    attestationObject: text(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  });
}

async function signed(options) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  publicKey.allowCredentials = options.allowCredentials.map(named);
  const credential = await navigator.credentials.get({ publicKey });
  const { response } = credential;
  return told(credential, {
    clientDataJSON: text(response.clientDataJSON),
    authenticatorData: text(response.authenticatorData),
    signature: text(response.signature),
    userHandle: response.userHandle && text(response.userHandle),
  });
}

function told(credential, response) {
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

function named(descriptor) {
  return { ...descriptor, id: bytes(descriptor.id) };
}

function bytes(base64url) {
  const base64 = base64url.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function text(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
