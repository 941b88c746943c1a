"use strict";
/* Uses what the overlay's script defines, which runs before anybody clicks. */
async function ask(slug) {
  const answer = await fetch(`/invitations/${slug}/dialog`);
  if (await refused(answer, "text/x-fragment")) return;
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  const veil = holder.content.firstElementChild;
  const confirm = veil.querySelector("[data-confirm]");
  veil.querySelector("[data-cancel]").addEventListener("click", () => veil.remove());
  confirm.addEventListener("click", async () => {
    confirm.disabled = true;
    const guest = veil.firstElementChild.dataset.guest;
    const answer = await fetch(`/invitations/${guest}/withdraw`, { method: "POST", headers: { "X-CSRF-Token": csrf } })
      .catch(() => null);
    if (answer === null) notice.textContent = notice.dataset.failed;
    else if (!(await refused(answer, "application/json"))) document.querySelector(`main [data-guest="${guest}"]`)?.remove();
    veil.remove();
  });
  document.body.append(veil);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-withdraw]");
  if (button) ask(button.dataset.withdraw);
});
