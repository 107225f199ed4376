"""Documents as a storefront writes them."""

CART = """
fragment cart on Cart {
  id
  lines { id quantity variant { sku name } unitPrice { amount } subtotal { amount } total { amount } }
  subtotal { amount currencyCode } discount { amount } total { amount }
  applied { name amount { amount } times code }
  coupons { code applied reason }
}
"""
ERRORS = "userErrors { field code message }"
CART_CREATE = (
    f"mutation($input: CartCreateInput!) {{ cartCreate(input: $input) {{ cart {{ ...cart }} {ERRORS} }} }}{CART}"
)
CART_LINES_SET = (
    f"mutation($input: CartLinesSetInput!) {{ cartLinesSet(input: $input) {{ cart {{ ...cart }} {ERRORS} }} }}{CART}"
)
CART_COUPONS_SET = (
    f"mutation($input: CartCouponsSetInput!)"
    f" {{ cartCouponsSet(input: $input) {{ cart {{ ...cart }} {ERRORS} }} }}{CART}"
)
CART_QUERY = f"query($id: ID!) {{ cart(id: $id) {{ ...cart }} }}{CART}"
CHECKOUT = f"""
mutation($input: CheckoutCompleteInput!) {{
  checkoutComplete(input: $input) {{
    order {{ id number status createdAt subtotal {{ amount }} discount {{ amount }} total {{ amount currencyCode }}
             lines {{ sku name quantity unitPrice {{ amount }} total {{ amount }} }} }}
    {ERRORS}
  }}
}}
"""
JOIN = f"""
mutation($input: MemberJoinInput!) {{
  memberJoin(input: $input) {{
    member {{ id phone }} token alreadyMember coupon {{ id code name status validUntil }} {ERRORS}
  }}
}}
"""
CLAIM = (
    f"mutation($input: CouponClaimInput!) {{ couponClaim(input: $input) {{ coupon {{ id code status }} {ERRORS} }} }}"
)
CATALOG_PAGE = """
query($first: Int, $search: String, $category: String, $sort: ProductSort, $after: String) {
  products(first: $first, search: $search, category: $category, sort: $sort, after: $after) {
    edges {
      cursor
      node {
        id name slug
        category { id name slug path }
        variants {
          id sku name barcode price { amount currencyCode } compareAtPrice { amount currencyCode }
          available availableQuantity
        }
        badges { promotionId name price { amount currencyCode } }
      }
    }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
