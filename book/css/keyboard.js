// What scrolls sideways must be reachable by keyboard; and a list of works is no list of list items.
(() => {
  const SCROLLS = ".bd-article pre, .bd-article table, .bd-article mjx-container, .bd-article div.math, "
    + ".pst-scrollable-table-container, .bd-article .output, .bd-article .cell_output";

  function makeReachable() {
    for (const box of document.querySelectorAll(SCROLLS)) {
      const scrolls = /auto|scroll/.test(getComputedStyle(box).overflowX);
      if (scrolls && box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    }
  }

  function start() {
    document.querySelectorAll(".citation-list[role=list]").forEach(list => list.removeAttribute("role"));
    makeReachable();
    window.MathJax?.startup?.promise?.then(makeReachable);
    new ResizeObserver(makeReachable).observe(document.body);
  }

  addEventListener("load", start);
})();
