// Returns, of all text and all marks of drawings: the contrast they need, the contrast they have, and what they are.
() => {
  const surface = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const canvas = surface.getContext("2d", { willReadFrequently: true });
  const rgb = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const linear = (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = (c) => 0.2126 * linear(c[0] / 255) + 0.7152 * linear(c[1] / 255) + 0.0722 * linear(c[2] / 255);
  const below = (one) => {
    for (; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255];
  };
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const found = [];
  for (const one of document.querySelectorAll("body *:not(title, desc)")) {
    const style = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    if (!box.width || !box.height || style.visibility === "hidden") continue;
    const drawn = one instanceof SVGElement;
    const text = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (text) found.push([4.5, ratio(rgb(drawn ? style.fill : style.color), below(one)), one.textContent.trim()]);
    if (drawn && one.matches(".first, .second, .line, .limit")) {
      const marks = [style.fill, style.stroke].filter((colour) => colour !== "none");
      found.push([3, Math.max(...marks.map((colour) => ratio(rgb(colour), below(one)))), one.outerHTML]);
    }
  }
  return found;
}
