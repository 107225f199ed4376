"""The floor: each benchmark's answer by one hand-written statement behind a bare web server.

No framework, no validation, no tenancy, no retries: what remains is the cost that no honest implementation on this
stack can go below. gunicorn serves it with the same workers and threads as the real application.
"""

import json
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psycopg

StartResponse = Callable[[str, list[tuple[str, str]]], object]

CATALOGUE = """
WITH page AS (
    SELECT id, name, slug, category_id FROM catalog_product
     WHERE status = 'active' ORDER BY name, id LIMIT 21
)
SELECT json_build_object('data', json_build_object('products', json_build_object(
    'edges', (SELECT json_agg(json_build_object('node', node) ORDER BY name, id) FROM (
        SELECT p.name, p.id, json_build_object(
            'id', gid('Product', p.id), 'name', p.name, 'slug', p.slug,
            'category', (SELECT json_build_object('id', gid('Category', c.id), 'name', c.name, 'slug', c.slug,
                                                  'path', c.path) FROM catalog_category c WHERE c.id = p.category_id),
            'badges', '[]'::json,
            'variants', (SELECT json_agg(json_build_object(
                'id', gid('Variant', v.id), 'sku', v.sku, 'name', v.name, 'barcode', v.barcode,
                'price', json_build_object('amount', amount(v.price_minor), 'currencyCode', 'CNY'),
                'compareAtPrice', CASE WHEN v.compare_at_minor IS NOT NULL THEN json_build_object(
                    'amount', amount(v.compare_at_minor), 'currencyCode', 'CNY') END,
                'available', b.free > 0, 'availableQuantity', b.free) ORDER BY v.position, v.id)
                FROM catalog_variant v, LATERAL (
                    SELECT coalesce(sum(on_hand - reserved), 0)::int AS free FROM stock_balance WHERE variant_id = v.id
                ) b WHERE v.product_id = p.id AND v.is_active)) AS node
          FROM (SELECT * FROM page ORDER BY name, id LIMIT 20) p) nodes),
    'pageInfo', json_build_object('hasNextPage', (SELECT count(*) > 20 FROM page)))))::text
"""

JOIN = """
WITH member AS (
    INSERT INTO members_member (id, phone, joined_at) VALUES (uuidv7(), %(phone)s, now()) RETURNING id
), batch AS (
    UPDATE coupons_batch SET issued = issued + 1
     WHERE id = %(batch)s AND issued < total AND status = 'active' RETURNING id, valid_days
), coupon AS (
    INSERT INTO coupons_coupon (id, batch_id, member_id, slot, code, status, issued_at, valid_until)
    SELECT uuidv7(), batch.id, member.id, 1, %(code)s, 'issued', now(), now() + batch.valid_days * interval '1 day'
      FROM batch, member RETURNING id, member_id, code
), history AS (
    INSERT INTO coupons_couponevent (coupon_id, status, created_at) SELECT id, 'issued', now() FROM coupon
), token AS (
    INSERT INTO members_membertoken (member_id, token_hash, is_verified, expires_at)
    SELECT id, %(token)s, false, now() + interval '90 days' FROM member RETURNING id
), access AS (
    INSERT INTO coupons_couponaccess (token_id, coupon_id) SELECT token.id, coupon.id FROM token, coupon
), joined AS (
    INSERT INTO joining_join (link_id, member_id, coupon_id, is_new_member, consent_version, joined_at)
    SELECT %(link)s, member_id, id, true, 'bench', now() FROM coupon
), news AS (
    INSERT INTO kernel_outboxevent (topic, payload) SELECT 'member.joined', json_build_object('id', id) FROM member
)
SELECT json_build_object('code', code)::text FROM coupon
"""

CHECKOUT = """
WITH line AS (
    SELECT v.id, v.sku, v.price_minor, b.id AS balance_id, b.unit_cost_minor
      FROM catalog_variant v JOIN stock_balance b ON b.variant_id = v.id
     WHERE v.sku = ANY (%(skus)s) ORDER BY b.id FOR NO KEY UPDATE OF b
), entry AS (
    INSERT INTO stock_entry (balance_id, quantity, kind, reference) SELECT balance_id, -1, 'sale', 'bench' FROM line
), coupon AS (
    UPDATE coupons_coupon SET status = 'redeemed' WHERE code = %(code)s AND status = 'issued' RETURNING id, member_id
), history AS (
    INSERT INTO coupons_couponevent (coupon_id, status, created_at) SELECT id, 'redeemed', now() FROM coupon
), counted AS (
    UPDATE members_member m SET orders = orders + 1, spent_minor = spent_minor + %(total)s
      FROM coupon WHERE m.id = coupon.member_id
), cart AS (
    INSERT INTO checkout_cart (id, member_id, shown_total_minor, shown_at)
    SELECT uuidv7(), member_id, %(total)s, now() FROM coupon RETURNING id
), cart_line AS (
    INSERT INTO checkout_cartline (id, cart_id, variant_id, quantity)
    SELECT uuidv7(), cart.id, line.id, 1 FROM cart, line
), placed AS (
    INSERT INTO checkout_order (id, cart_id, member_id, status, currency, subtotal_minor, discount_minor, total_minor,
                                placed_at)
    SELECT uuidv7(), cart.id, coupon.member_id, 'placed', 'CNY', %(subtotal)s, %(subtotal)s - %(total)s, %(total)s,
           now()
      FROM cart, coupon RETURNING id, number
), order_line AS (
    INSERT INTO checkout_orderline (order_id, variant_id, position, sku, name, quantity, unit_price_minor,
                                    subtotal_minor, total_minor, unit_cost_minor)
    SELECT placed.id, line.id, row_number() OVER (), sku, sku, 1, price_minor, price_minor, price_minor, unit_cost_minor
      FROM placed, line
), payment AS (
    INSERT INTO checkout_payment (order_id, method, status, amount_minor, currency, created_at)
    SELECT id, 'offline', 'pending', %(total)s, 'CNY', now() FROM placed
), news AS (
    INSERT INTO kernel_outboxevent (topic, payload) SELECT 'order.placed', json_build_object('id', id) FROM placed
)
SELECT json_build_object('number', number)::text FROM placed
"""

FUNCTIONS = r"""
CREATE FUNCTION gid(type_name text, key uuid) RETURNS text LANGUAGE sql IMMUTABLE RETURN
    rtrim(translate(encode(convert_to(type_name || ':' || key, 'UTF8'), 'base64'), '+/', '-_'), '=');
CREATE FUNCTION amount(minor bigint) RETURNS text LANGUAGE sql IMMUTABLE RETURN
    (minor / 100) || '.' || lpad((minor % 100)::text, 2, '0');
"""

STATEMENTS = {"/catalog": CATALOGUE, "/join": JOIN, "/checkout": CHECKOUT}


def make_application(config_file: str) -> Callable[[dict[str, Any], StartResponse], Iterable[bytes]]:
    """Return a WSGI application; `config_file` is JSON with `database_url` and `schema`.

    A path names the statement; the body of a request is its parameters as JSON.
    """
    config = json.loads(Path(config_file).read_text())
    local = threading.local()

    def connect() -> psycopg.Connection[Any]:
        if not hasattr(local, "connection"):
            options = f"-csearch_path={config['schema']},extensions"
            local.connection = psycopg.connect(
                config["database_url"], autocommit=True, options=options, prepare_threshold=0
            )
        connection: psycopg.Connection[Any] = local.connection
        return connection

    def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        row = connect().execute(STATEMENTS[environ["PATH_INFO"]], json.loads(body) if body else None).fetchone()
        answer = row[0].encode() if row else b"null"
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
        start_response("200 OK" if row else "409 Conflict", headers)
        return [answer]

    return application
