"""Products and their stock: search, look at, add, correct."""

from uuid import UUID

from catalog.models import Category
from catalog.selectors import get_product, get_variants, list_products
from catalog.services import create_product, ensure_category
from catalog.types import ProductInput, ProductRow, Sort, VariantInput
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from kernel.errors import DomainError
from stock.selectors import get_levels, list_levels
from stock.services import adjust_stock, open_balance
from stock.types import NO_STOCK

from console.access import get_actor, staff_page
from console.forms.fields import add_fault
from console.forms.products import ProductForm, StockForm
from console.paging import get_page_arguments
from console.posts import post_only
from console.selectors import list_stock_entries
from tenants.transaction import current_shop

RECENT_ENTRIES = 20
SORTS = {"price": Sort.PRICE_ASC, "-price": Sort.PRICE_DESC, "newest": Sort.NEWEST}


@require_safe
@staff_page("products.view")
def product_list(request: HttpRequest) -> HttpResponse:
    """Products with price, stock and status; `?q=` searches, `?sort=` orders, `?all=1` shows archived ones too."""
    search = request.GET.get("q", "").strip()
    page = list_products(
        search=search,
        sort=SORTS.get(request.GET.get("sort", "")),
        include_archived="all" in request.GET,
        **get_page_arguments(request),
    )
    levels = get_levels(variant_ids=[variant.id for product in page for variant in product.variants])
    rows = [(product, sum(levels[variant.id].available for variant in product.variants)) for product in page]
    context = {
        "page": page,
        "rows": rows,
        "search": search,
        "sort": request.GET.get("sort", ""),
        "sorts": [
            ("", _("Best match") if search else _("By name")),
            ("price", _("Cheapest first")),
            ("-price", _("Dearest first")),
            ("newest", _("Newest first")),
        ],
        "with_archived": "all" in request.GET,
    }
    return render(request, "console/products/list.html", context)


@staff_page("products.edit")
def product_create(request: HttpRequest) -> HttpResponse:
    """Add a product with one variant and its first stock."""
    form = ProductForm(request.POST or None, currency=current_shop().currency)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                product_id = _create_product(form)
        except DomainError as fault:
            add_fault(form, fault)
        else:
            messages.success(request, _("The product is on sale."))
            return redirect("console:product", product_id)
    return render(request, "console/products/create.html", {"form": form})


@require_safe
@staff_page("products.view")
def product_detail(request: HttpRequest, product_id: UUID) -> HttpResponse:
    """One product with its variants, their stock, and how the stock came about."""
    return _render_product(request, _get_product(product_id), StockForm())


@post_only
@staff_page("stock.adjust")
def stock_adjust(request: HttpRequest, product_id: UUID) -> HttpResponse:
    """Correct the stock of one of the product's variants."""
    product = _get_product(product_id)
    form = StockForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        if data["variant"] not in {variant.id for variant in product.variants}:
            raise Http404
        try:
            with transaction.atomic():
                _adjust(request, data["variant"], data["quantity"], data["reason"])
        except DomainError as fault:
            add_fault(form, fault)
        else:
            messages.success(request, _("The stock is corrected."))
            return redirect("console:product", product_id)
    return _render_product(request, product, form)


@require_safe
@staff_page("stock.view")
def stock_list(request: HttpRequest) -> HttpResponse:
    """Every balance, what is scarcest first."""
    page = list_levels(**get_page_arguments(request))
    variants = get_variants(ids=[balance.variant_id for balance in page])
    rows = [(variants[balance.variant_id], balance) for balance in page]
    return render(request, "console/products/stock.html", {"page": page, "rows": rows})


def _create_product(form: ProductForm) -> UUID:
    data, now = form.cleaned_data, timezone.now()
    names = [part.strip() for part in data["category"].split("/") if part.strip()]
    path = Category.objects.values_list("path", flat=True).get(pk=ensure_category(names=names)) if names else None
    product_id = create_product(
        data=ProductInput(
            name=data["name"],
            brand=data["brand"],
            category_path=path,
            variants=[VariantInput(sku=data["sku"], price_minor=data["price"], barcode=data["barcode"] or None)],
        ),
        now=now,
    )
    variant = _get_product(product_id).variants[0]
    open_balance(variant_id=variant.id, quantity=data["quantity"], unit_cost_minor=None, now=now)
    return product_id


def _adjust(request: HttpRequest, variant_id: UUID, quantity: int, reason: str) -> None:
    now = timezone.now()
    if quantity > 0 and get_levels(variant_ids=[variant_id])[variant_id] is NO_STOCK:
        open_balance(variant_id=variant_id, quantity=0, unit_cost_minor=None, now=now)
    adjust_stock(variant_id=variant_id, quantity=quantity, reason=reason, actor=get_actor(request), now=now)


def _get_product(product_id: UUID) -> ProductRow:
    product = get_product(product_id=product_id, include_archived=True)
    if product is None:
        raise Http404
    return product


def _render_product(request: HttpRequest, product: ProductRow, form: StockForm) -> HttpResponse:
    ids = [variant.id for variant in product.variants]
    levels = get_levels(variant_ids=ids)
    context = {
        "product": product,
        "rows": [(variant, levels[variant.id]) for variant in product.variants],
        "entries": list_stock_entries(variant_ids=ids, limit=RECENT_ENTRIES),
        "form": form,
    }
    return render(request, "console/products/detail.html", context, status=422 if form.errors else 200)
