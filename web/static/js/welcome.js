// The token of an enrolment link stands behind the # of its address: it is taken away from there and sent once.
const form = document.querySelector("form[data-token]");
const token = location.hash.slice(1);
if (token) {
  history.replaceState(null, "", location.pathname);
  form.elements.token.value = token;
  form.submit();
} else {
  document.querySelector("[data-no-token]")?.removeAttribute("hidden");
}
