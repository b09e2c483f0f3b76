// Copies what stands beside the button; the button itself says that it was done.

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const words = [...button.childNodes];
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.replaceChildren(button.dataset.copied);
    setTimeout(() => button.replaceChildren(...words), 2000);
  });
}
