// The pages of the course: what one can move is loaded when it comes into view, as is what checks
// answers. From a folder, without a server, a browser loads neither: text and pictures remain.

if (location.protocol !== "file:") {
  const here = new URL(".", document.currentScript.src);
  const seen = new IntersectionObserver(entries => {
    for (const {isIntersecting, target} of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      import(`${here}moving/${target.dataset.figure}.js`).then(module => module.start(target));
    }
  }, {rootMargin: "300px"});
  for (const place of document.querySelectorAll(".moving")) seen.observe(place);
  if (document.querySelector("#exercises, #five-quick-questions")) import(`${here}questions.js`);
}
