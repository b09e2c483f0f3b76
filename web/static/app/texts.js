// Words in the language that is spoken; each language is a module of its own.
let language;
let words;

export async function speak(wanted) {
  language = wanted === "en" ? "en" : "ja";
  words = (await import(`./${language}.js`)).default;
  document.documentElement.lang = language;
  document.title = t("app");
}

export const spoken = () => language;

export const t = (name, values = {}) => words[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
