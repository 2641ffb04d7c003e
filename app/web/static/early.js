/**
 * What is done on a page before its modules have run is kept, and done when they have.
 *
 * Browsers show a page as soon as it is there and run its modules when those have come, which takes seconds on a slow
 * line. Until then nobody listens: a button that is pressed does nothing, and what is typed is not searched for. This
 * is the one script that runs before the body is read.
 */
{
  const HELD = "button[type=button], input[type=checkbox]"; // what only modules answer; links and forms work without
  const pressed = new Set();
  const typedInto = new Set();

  const onClick = (event) => {
    const control = event.target.closest?.(HELD);
    if (!control) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // some modules may have run already: nobody is to act twice
    pressed.add(control);
  };
  const onInput = (event) => typedInto.add(event.target);

  const release = () => {
    removeEventListener("click", onClick, true);
    removeEventListener("input", onInput, true);
    for (const control of typedInto) control.dispatchEvent(new Event("input", { bubbles: true }));
    for (const control of pressed) if (control.isConnected) control.click();
  };

  addEventListener("click", onClick, true);
  addEventListener("input", onInput, true);
  // Modules have run by then; htmx begins in a task that it set up before.
  addEventListener("DOMContentLoaded", () => setTimeout(release), { once: true });
}
