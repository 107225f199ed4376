"""Sample data by trade, in the language of the shop: products with stock, a coupon, a join link.

Prices are in minor units, as (CNY, USD); they are what such goods cost, so that a sample coupon makes sense.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

type Two = tuple[str, str]  # Chinese, English
DEFAULT = "retail"
STOCK = 40


@dataclass(frozen=True, slots=True)
class Goods:
    """A product of one variant."""

    sku: str
    name: Two
    price: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a trade begins with. The coupon takes `off` from a basket of `minimum` (both CNY, USD) on."""

    goods: Sequence[Goods]
    coupon: Two
    off: tuple[int, int]
    minimum: tuple[int, int]
    link: Two = ("收银台海报（示例）", "Poster at the till (sample)")


def _goods(prefix: str, rows: Sequence[tuple[str, str, int, int]]) -> tuple[Goods, ...]:
    return tuple(
        Goods(f"SAMPLE-{prefix}-{number:02}", (chinese, english), (cny, usd))
        for number, (chinese, english, cny, usd) in enumerate(rows, 1)
    )


SAMPLES: Mapping[str, Sample] = {
    "restaurant": Sample(
        goods=_goods(
            "R",
            [
                ("招牌牛肉面", "Beef noodles", 2_800, 1_250),
                ("鲜肉小笼包", "Pork soup dumplings", 1_800, 850),
                ("宫保鸡丁饭", "Kung pao chicken rice", 2_600, 1_195),
                ("凉拌黄瓜", "Cucumber salad", 900, 450),
                ("杨枝甘露", "Mango sago", 1_600, 650),
                ("冻柠茶", "Iced lemon tea", 1_200, 395),
            ],
        ),
        coupon=("新客满 40 减 8（示例）", "Newcomer $4 off $20 (sample)"),
        off=(800, 400),
        minimum=(4_000, 2_000),
    ),
    "fresh": Sample(
        goods=_goods(
            "F",
            [
                ("红富士苹果 1 kg", "Fuji apples 1 kg", 1_380, 399),
                ("有机小番茄 500 g", "Cherry tomatoes 500 g", 1_080, 349),
                ("上海青 500 g", "Pak choi 500 g", 480, 249),
                ("冷鲜五花肉 500 g", "Pork belly 500 g", 2_280, 699),
                ("散养鸡蛋 10 枚", "Free-range eggs, 10", 1_680, 449),
                ("现烤全麦吐司", "Wholemeal loaf, baked today", 1_580, 499),
            ],
        ),
        coupon=("新客满 50 减 10（示例）", "Newcomer $3 off $15 (sample)"),
        off=(1_000, 300),
        minimum=(5_000, 1_500),
    ),
    "fashion": Sample(
        goods=_goods(
            "C",
            [
                ("纯棉圆领 T 恤", "Cotton T-shirt", 9_900, 1_990),
                ("直筒牛仔裤", "Straight jeans", 25_900, 4_990),
                ("轻薄羽绒马甲", "Light down vest", 32_900, 6_900),
                ("针织开衫", "Knitted cardigan", 19_900, 3_990),
                ("帆布小白鞋", "White canvas shoes", 15_900, 3_490),
                ("渔夫帽", "Bucket hat", 6_900, 1_490),
            ],
        ),
        coupon=("新客满 199 减 30（示例）", "Newcomer $10 off $50 (sample)"),
        off=(3_000, 1_000),
        minimum=(19_900, 5_000),
    ),
    "beauty": Sample(
        goods=_goods(
            "B",
            [
                ("氨基酸洁面乳 120 g", "Amino acid cleanser 120 g", 8_900, 1_490),
                ("保湿面膜 5 片", "Hydrating masks, 5", 6_900, 1_290),
                ("烟酰胺精华 30 ml", "Niacinamide serum 30 ml", 15_900, 2_690),
                ("防晒乳 SPF50 50 ml", "Sunscreen SPF 50, 50 ml", 11_900, 1_990),
                ("面部深层护理 60 分钟", "Facial, 60 minutes", 29_800, 6_500),
                ("手部护理", "Manicure", 12_800, 3_200),
            ],
        ),
        coupon=("新客满 200 减 40（示例）", "Newcomer $10 off $40 (sample)"),
        off=(4_000, 1_000),
        minimum=(20_000, 4_000),
    ),
    "retail": Sample(
        goods=_goods(
            "G",
            [
                ("保温杯 500 ml", "Thermos 500 ml", 7_900, 1_690),
                ("香薰蜡烛", "Scented candle", 5_900, 1_290),
                ("便携充电宝 10000 mAh", "Power bank 10,000 mAh", 9_900, 2_490),
                ("A5 笔记本", "A5 notebook", 1_900, 599),
                ("纯棉毛巾 2 条", "Cotton towels, 2", 3_900, 999),
                ("折叠雨伞", "Folding umbrella", 4_900, 1_190),
            ],
        ),
        coupon=("新客满 60 减 10（示例）", "Newcomer $4 off $20 (sample)"),
        off=(1_000, 400),
        minimum=(6_000, 2_000),
    ),
}
