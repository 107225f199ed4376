"""Words, amounts and looks of the hosted pages. A tool of developers: it has no part in the project's catalogues."""

from datetime import UTC, datetime

# Each text: Chinese, English.
TEXTS: dict[str, tuple[str, str]] = {
    "stand_in": ("本机的 Stripe 替身，不会真的收款", "Stand-in for Stripe on this machine: no money moves"),
    "not_found": ("没有这个页面", "There is no such page"),
    "pay_title": ("付款", "Pay"),
    "email": ("邮箱", "E-mail"),
    "way": ("付款方式", "Way to pay"),
    "card": ("卡号", "Card number"),
    "cards": (
        "4242 4242 4242 4242 成功；4000 0000 0000 0341 首次成功、以后失败；4000 0000 0000 0002 被拒绝",
        "4242 4242 4242 4242 works; 4000 0000 0000 0341 works now and fails later; 4000 0000 0000 0002 is declined",
    ),
    "alipay": ("支付宝", "Alipay"),
    "wechat_pay": ("微信支付", "WeChat Pay"),
    "us_bank_account": ("银行转账（两天后到账）", "Bank transfer (takes two days)"),
    "subscribe": ("订阅并支付", "Subscribe and pay"),
    "pay": ("支付", "Pay"),
    "back": ("返回商家", "Back to the merchant"),
    "today": ("今日应付", "Due today"),
    "due": ("应付", "Due"),
    "declined": ("付款被拒绝，请换一张卡再试。", "The payment was declined. Try another card."),
    "expired": ("付款页已过期", "This page has expired"),
    "expired_text": ("请回到商家重新开始付款。", "Go back to the merchant and start again."),
    "day": ("天", "day"),
    "week": ("周", "week"),
    "month": ("月", "month"),
    "year": ("年", "year"),
    "portal_title": ("管理订阅", "Manage your subscription"),
    "payment_method": ("付款方式", "Payment method"),
    "no_card": ("还没有卡", "No card yet"),
    "save_card": ("保存新卡", "Save new card"),
    "card_saved": ("新卡已保存。", "The new card is saved."),
    "canceled_done": ("订阅将在本期结束时取消。", "The subscription ends with its period."),
    "resumed_done": ("订阅将继续。", "The subscription goes on."),
    "do_cancel": ("取消订阅", "Cancel subscription"),
    "do_resume": ("恢复订阅", "Keep subscription"),
    "ends": ("结束于", "ends"),
    "invoices": ("账单", "Invoices"),
    "invoice": ("账单", "Invoice"),
    "open_invoice": ("查看", "View"),
    "invoice_draft": ("草稿", "Draft"),
    "invoice_open": ("待付款", "Open"),
    "invoice_paid": ("已付款", "Paid"),
    "invoice_void": ("已作废", "Void"),
    "invoice_uncollectible": ("无法收取", "Uncollectible"),
    "status_active": ("有效", "Active"),
    "status_trialing": ("试用中", "Trial"),
    "status_past_due": ("逾期", "Past due"),
    "status_unpaid": ("未付款", "Unpaid"),
    "status_paused": ("已暂停", "Paused"),
    "status_canceled": ("已取消", "Canceled"),
    "status_incomplete": ("未完成", "Incomplete"),
    "status_incomplete_expired": ("未完成，已过期", "Incomplete, expired"),
}
STYLE = (
    "*{box-sizing:border-box}body{margin:0;font:16px/1.6 system-ui,sans-serif;color:#1b2430;background:#f4f6f9}"
    "header{display:flex;justify-content:space-between;gap:1rem;padding:.5rem 1rem;background:#1b2430;color:#fff}"
    "header p{margin:0}header a{color:#fff}main{max-width:34rem;margin:2rem auto;padding:1.5rem;background:#fff}"
    "h1{font-size:1.5rem;margin-top:0}h2{font-size:1.1rem}.lines{list-style:none;padding:0}"
    ".lines li{display:flex;justify-content:space-between;gap:1rem;padding:.4rem 0;border-bottom:1px solid #d5dbe3}"
    "label{display:block;margin-top:1rem;font-weight:600}"
    "input,select{width:100%;padding:.6rem;font:inherit;border:1px solid #5b6675;border-radius:4px;background:#fff}"
    ".hint{margin:.25rem 0;color:#4a5563;font-size:.875rem}"
    "button{margin-top:1rem;padding:.7rem 1.2rem;font:inherit;font-weight:600;color:#fff;background:#1f4fd8;"
    "border:1px solid #1f4fd8;border-radius:4px;cursor:pointer;min-height:44px}"
    "button.plain{color:#1f4fd8;background:#fff}.error{padding:.6rem;color:#8a1021;background:#fdecee}"
    ".done{padding:.6rem;color:#0c5132;background:#e6f6ee}a{color:#1f4fd8}"
    ":focus-visible{outline:3px solid #f0a500;outline-offset:2px}"
)


def say(name: str, language: str) -> str:
    """A text; a name without one speaks for itself (an unknown status)."""
    texts = TEXTS.get(name)
    return texts[0 if language == "zh" else 1] if texts else name


def choose_language(asked: str | None, wanted: str | None, accepted: str) -> str:
    """`zh` or `en`: what was asked for, else what the merchant wants, else what the browser speaks."""
    if asked in {"zh", "en"}:
        return asked
    source = wanted if wanted and wanted != "auto" else accepted.partition(",")[0]
    return "zh" if source.lower().startswith("zh") else "en"


def money(amount_minor: int, currency: str) -> str:
    """An amount for people."""
    sign = {"cny": "¥", "usd": "$"}.get(currency, f"{currency.upper()} ")
    return f"{'−' if amount_minor < 0 else ''}{sign}{abs(amount_minor) / 100:,.2f}"


def when(moment: int) -> str:
    """A date."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")
