"""The hosted pages: pay, portal, invoice. Plain HTML, no script, in Chinese or English."""

from collections.abc import Callable
from html import escape

from fakes.stripe import checkout, portal
from fakes.stripe.errors import StripeFault
from fakes.stripe.invoices import collect
from fakes.stripe.page_texts import STYLE, choose_language, money, say, when
from fakes.stripe.state import Object, State

Answer = tuple[int, dict[str, str], str]
Words = dict[str, str]
CARD = "4242 4242 4242 4242"


def answer(state: State, method: str, path: str, *, form: Words, asked: Words, accepted: str) -> Answer:
    """Answer one request of a browser."""
    routes: list[tuple[str, str, Callable[..., Answer]]] = [
        ("/c/pay/", "checkout.session", _pay_page),
        ("/p/session/", "billing_portal.session", _portal_page),
        ("/i/", "invoice", _invoice_page),
    ]
    for prefix, kind, show in routes:
        if path.startswith(prefix):
            found = state.objects.get(path.removeprefix(prefix).removesuffix("/pdf"))
            if found is None or found["object"] != kind:
                break
            language = choose_language(asked.get("lang"), found.get("locale"), accepted)
            return show(state, found, form if method == "POST" else None, language)
    language = choose_language(asked.get("lang"), None, accepted)
    return _page(404, language, say("not_found", language), f"<p>{say('not_found', language)}</p>")


def _redirect(address: str) -> Answer:
    return 303, {"Location": address, "Content-Type": "text/html; charset=utf-8"}, ""


def _page(status: int, language: str, title: str, body: str) -> Answer:
    other, name = ("en", "English") if language == "zh" else ("zh", "中文")
    text = (
        f'<!doctype html><html lang="{"zh-Hans" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><header><p>{say('stand_in', language)}</p>"
        f'<a href="?lang={other}" lang="{"en" if other == "en" else "zh-Hans"}">{name}</a></header>'
        f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
    }
    return status, headers, text


def _error(message: str | None) -> str:
    return f'<p class="error" role="alert">{escape(message)}</p>' if message else ""


def _card_fields(language: str, number: str = "") -> str:
    """A card number; date and code of test cards are not asked for."""
    return (
        f'<label for="card">{say("card", language)}</label><input id="card" name="card" inputmode="numeric" '
        f'autocomplete="off" required value="{escape(number)}" aria-describedby="cards">'
        f'<p id="cards" class="hint">{say("cards", language)}</p>'
    )


def _pay_page(state: State, session: Object, form: dict[str, str] | None, language: str) -> Answer:
    fault = None
    if form is not None and session["status"] == "open":
        way = form.get("way", "card")
        try:
            checkout.pay(
                state,
                session["id"],
                way=way,
                card=form.get("card") or CARD,
                email=form.get("email") or None,
            )
        except StripeFault as refusal:
            fault = say("declined", language) if refusal.status == 402 else str(refusal)
    if session["status"] == "complete":
        return _redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))
    if session["status"] == "expired":
        return _page(200, language, say("expired", language), f"<p>{say('expired_text', language)}</p>")
    rows = "".join(
        f"<li><span>{escape(each['description'])} × {each['quantity']}</span>"
        f"<span>{money(each['amount_total'], each['currency'])}{_every(each['price'], language)}</span></li>"
        for each in session["_line_items"]["data"]
    )
    customer = state.objects.get(session["customer"] or "")
    email = (customer or {}).get("email") or session["customer_email"]
    email_field = (
        f"<p>{say('email', language)}: {escape(email)}</p>"
        if email
        else f'<label for="email">{say("email", language)}</label><input id="email" name="email" type="email" required>'
    )
    ways = session["payment_method_types"]
    way_field = ""
    if len(ways) > 1:
        options = "".join(f'<option value="{way}">{say(way, language)}</option>' for way in ways)
        way_field = f'<label for="way">{say("way", language)}</label><select id="way" name="way">{options}</select>'
    card_field = _card_fields(language, CARD) if "card" in ways else ""
    total = money(session["amount_total"], session["currency"])
    button = say("subscribe" if session["mode"] == "subscription" else "pay", language)
    back = (
        f'<p><a href="{escape(session["cancel_url"])}">{say("back", language)}</a></p>' if session["cancel_url"] else ""
    )
    body = (
        f'{_error(fault)}<ul class="lines">{rows}<li class="total"><strong>{say("today", language)}</strong>'
        f'<strong>{total}</strong></li></ul><form method="post">{email_field}{way_field}{card_field}'
        f'<button type="submit">{button} {total}</button></form>{back}'
    )
    return _page(402 if fault else 200, language, say("pay_title", language), body)


def _every(price: Object, language: str) -> str:
    recurring = price["recurring"]
    return f" / {say(recurring['interval'], language)}" if recurring else ""


def _portal_page(state: State, session: Object, form: dict[str, str] | None, language: str) -> Answer:
    customer = state.objects[session["customer"]]
    fault = done = None
    if form is not None:
        try:
            done = _portal_action(state, session, customer, form)
        except StripeFault as refusal:
            fault = say("declined", language) if refusal.status == 402 else str(refusal)
    completion = (session["flow"] or {}).get("after_completion") or {}
    if done and completion.get("type") == "redirect":
        return _redirect(completion["redirect"]["return_url"])
    parts = [_error(fault)]
    if done:
        parts.append(f'<p class="done" role="status">{say(done, language)}</p>')
    parts += [
        _subscription_part(state, each, language) for each in portal.list_own(state, customer["id"], "subscription")
    ]
    method = portal.find_method(state, customer)
    shown = f"•••• {method['card']['last4']}" if method and method["type"] == "card" else say("no_card", language)
    parts.append(
        f"<section><h2>{say('payment_method', language)}</h2><p>{shown}</p>"
        f'<form method="post"><input type="hidden" name="action" value="card">{_card_fields(language)}'
        f'<button type="submit">{say("save_card", language)}</button></form></section>'
    )
    rows = "".join(
        f"<li><span>{escape(each['number'] or '')} · {say('invoice_' + each['status'], language)}</span>"
        f'<span>{money(each["total"], each["currency"])} <a href="{escape(each["hosted_invoice_url"])}">'
        f"{say('open_invoice', language)} {escape(each['number'] or '')}</a></span></li>"
        for each in portal.list_own(state, customer["id"], "invoice")
        if each["hosted_invoice_url"]
    )
    parts.append(f'<section><h2>{say("invoices", language)}</h2><ul class="lines">{rows}</ul></section>')
    if session["return_url"]:
        parts.append(f'<p><a href="{escape(session["return_url"])}">{say("back", language)}</a></p>')
    return _page(402 if fault else 200, language, say("portal_title", language), "".join(parts))


def _portal_action(state: State, session: Object, customer: Object, form: dict[str, str]) -> str:
    action = form.get("action")
    if action == "card":
        checkout.take_card(state, customer, form.get("card", ""))
        return "card_saved"
    if action in {"cancel", "resume"}:
        portal.change_cancellation(state, session, form.get("subscription", ""), cancel=action == "cancel")
        return "canceled_done" if action == "cancel" else "resumed_done"
    raise StripeFault("Unknown action.")


def _subscription_part(state: State, subscription: Object, language: str) -> str:
    item = subscription["items"]["data"][0]
    name = state.objects[item["price"]["product"]]["name"]
    price = money(item["price"]["unit_amount"] * item["quantity"], item["price"]["currency"])
    text = f"{price}{_every(item['price'], language)} · {say('status_' + subscription['status'], language)}"
    button = ""
    if not subscription["ended_at"]:
        ends = subscription["cancel_at"]
        action = "resume" if ends else "cancel"
        if ends:
            text += f" · {say('ends', language)} {when(ends)}"
        button = (
            f'<form method="post"><input type="hidden" name="action" value="{action}">'
            f'<input type="hidden" name="subscription" value="{escape(subscription["id"])}">'
            f'<button type="submit" class="plain">{say("do_" + action, language)}</button></form>'
        )
    return f"<section><h2>{escape(name)}</h2><p>{text}</p>{button}</section>"


def _invoice_page(state: State, invoice: Object, form: dict[str, str] | None, language: str) -> Answer:
    fault = None
    customer = state.objects[invoice["customer"]]
    if form is not None and invoice["status"] == "open":
        try:
            method = checkout.take_card(state, customer, form.get("card", ""))
            if collect(state, invoice, present=True, method=method, scheduled=False) != "paid":
                fault = say("declined", language)
        except StripeFault as refusal:
            fault = say("declined", language) if refusal.status == 402 else str(refusal)
    rows = "".join(
        f"<li><span>{escape(line['description'])}</span><span>{money(line['amount'], line['currency'])}</span></li>"
        for line in invoice["lines"]["data"]
    )
    total = money(invoice["amount_due"], invoice["currency"])
    body = (
        f'{_error(fault)}<p>{say("invoice_" + invoice["status"], language)}</p><ul class="lines">{rows}'
        f'<li class="total"><strong>{say("due", language)}</strong><strong>{total}</strong></li></ul>'
    )
    if invoice["status"] == "open":
        body += (
            f'<form method="post">{_card_fields(language, CARD)}'
            f'<button type="submit">{say("pay", language)} {total}</button></form>'
        )
    title = f"{say('invoice', language)} {invoice['number'] or ''}"
    return _page(402 if fault else 200, language, title, body)
