// Draws the book's Mermaid pictures, which mdBook leaves as code.
(() => {
  const dark = /\b(ayu|coal|navy)\b/.test(document.documentElement.className);
  for (const code of document.querySelectorAll("pre > code.language-mermaid")) {
    const picture = document.createElement("pre");
    picture.className = "mermaid";
    picture.textContent = code.textContent;
    code.parentElement.replaceWith(picture);
  }
  window.mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "default" });
  window.mermaid.run();
})();
