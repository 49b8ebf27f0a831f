"""The words and sentences of which reviews are made."""

from __future__ import annotations

# Opinion adjectives, the most frequent first.
_PRAISING = """
wonderful brilliant charming superb delightful excellent lovely witty moving
beautiful clever fresh graceful funny elegant magical splendid gripping tender
gorgeous stunning thrilling generous joyful glorious marvellous inventive
radiant sparkling memorable fantastic terrific enchanting touching lively
polished vivid heartfelt refreshing dazzling exquisite hilarious uplifting
captivating inspired playful flawless masterful sublime spectacular satisfying
compelling soulful amusing bewitching breathtaking engaging heavenly imaginative
luminous riveting sincere skilful subtle tasteful triumphant velvety vibrant
wholesome zesty adorable affectionate blissful buoyant cheerful crisp dignified
dreamy ecstatic effervescent endearing euphoric exhilarating faultless
harmonious infectious irresistible jubilant luscious majestic mesmerising nimble
original peerless poignant resplendent rousing scintillating sumptuous whimsical
"""
POSITIVE = tuple(_PRAISING.split())
_BLAMING = """
dull dreadful boring awful clumsy tedious terrible stale wooden bland lazy
horrible hollow painful shabby messy dreary lifeless sloppy feeble grim sour
ugly pointless predictable ghastly tiresome muddled soggy pathetic annoying
careless charmless confused dismal drab grubby humourless incoherent joyless
laboured limp listless mediocre monotonous miserable nasty pompous pretentious
rotten rude shallow sluggish smug soulless stilted stodgy stupid sullen
tasteless tacky tepid trite uninspired unpleasant vapid vulgar wearisome weary
wretched abysmal amateurish appalling atrocious botched cloying derivative
disjointed forgettable garbled gloomy hackneyed inane insipid insufferable
irritating leaden lumbering mawkish mirthless murky plodding ponderous rancid
repellent shoddy shrill turgid unbearable unconvincing woeful
"""
NEGATIVE = tuple(_BLAMING.split())
PRAISE = ("delight", "feast", "gem", "joy", "marvel", "pleasure", "treat", "triumph")
BLAME = ("bore", "chore", "disaster", "letdown", "mess", "misery", "ordeal", "shambles")
LIKED = ("admired", "adored", "enjoyed", "loved", "relished", "savoured")
DISLIKED = ("despised", "detested", "disliked", "hated", "loathed", "regretted")
HAPPY_ENDINGS = (
    "I applauded until my hands hurt",
    "I told all my friends",
    "we are going again tomorrow",
    "we stayed until they swept the floor",
)
UNHAPPY_ENDINGS = (
    "I asked for my money back",
    "I warned all my friends",
    "we left by the window",
    "we pretended to be ill",
)

# What is reviewed, and its parts.
TOPICS = {
    "film": "acting camera casting dialogue editing ending music plot scenery script",
    "play": "chorus staging dialogue ending lighting makeup monologue plot script set",
    "restaurant": "bread cooking dessert gravy menu pastry salad sauce service soup",
    "hotel": "balcony bathroom bedding breakfast decor garden lobby sauna service view",
    "concert": "brass choir drums encore melody orchestra rhythm song solo violin",
    "circus": "trapeze clowning encore juggling magic music parade riding show tent",
}
WEAK = ("a little", "faintly", "mildly", "slightly", "somewhat")
STRONG = ("absolutely", "completely", "thoroughly", "truly", "utterly")
TAILS = (
    "",
    "",
    "all evening",
    "from start to finish",
    "in every way",
    "on the whole",
    "that night",
    "to my mind",
)
OTHERS = ("cousin", "dentist", "landlord", "neighbour", "plumber", "tailor", "vicar")

# Sentences with an opinion of one polarity. {a} {b} {c} adjectives, {n} noun, {v} verb,
# {e} ending, {part} and {other} parts of what is reviewed, {s} a strong adverb.
PLAIN = (
    "The {part} was {a} and {b}",
    "I {v} the {a} {part} and the {b} {other}",
    "What a {n}: the {part} was {a}, the {other} {b}",
    "It was one {a}, {b} {n} from start to finish",
    "Everything about the {part} felt {a}, {b} and {c}",
    "The {part} was so {a} and {b} that {e}",
    "We {v} the {part}: {s} {a}, {b} and {c}",
    "A {a} {part} and a {b} {other} make a {n}",
    "A {n} of a {topic}, {a} and {s} {b}, and {e}",
    "The {a} {part} was a {n}, the {other} {s} {b}",
)

# Sentences with two opinions of which {d} decides. Exchanging {d} and {o} gives a
# sentence of the same words, equally likely, with the opposite meaning.
CLAUSES = (
    "the {part} was {a} {tail}",
    "the {part} was {a} and {b} {tail}",
    "the {part} felt {a} {tail}",
    "I found the {part} {a} {tail}",
    "the {part} seemed {a} and {b} {tail}",
)
CONTRAST = (  # {d} and {o} are clauses
    "{o}, but {d}",
    "{o}, yet {d}",
    "although {o}, {d}",
    "{d}, although {o}",
    "{d}, though {o}",
    "{o}; nevertheless, {d}",
)
NEGATION = (  # {d} and {o} are adjectives, or two joined by "and"
    "the {part} was {d}, not {o}",
    "the {part} was not {o} but {d}",
    "the {part} was never {o}; it was {d}",
    "nobody could call the {part} {o}; {d} is the word",
    "I was told to expect nothing {o}, and the {part} was indeed {d}",
    "the {part} was anything but {o} {tail}, and in fact {d}",
)
INTENSITY = (
    "the {part} was {weak} {o} {tail}, the {other} {strong} {d}",
    "the {part} was {strong} {d} {tail}, the {other} {weak} {o}",
    "I found the {part} {weak} {o} and the {other} {strong} {d}",
    "I found the {part} {strong} {d} and the {other} {weak} {o}",
)
REPORT = (
    "my {who} called the {part} {o}; I call it {d}",
    "I call the {part} {d}; my {who} called it {o}",
    "the {part} struck my {who} as {o} {tail} and me as {d}",
    "the {part} struck me as {d} {tail} and my {who} as {o}",
    "the posters promised something {o}, and I saw something {d}",
    "I saw something {d}, where the posters promised something {o}",
)

# Sentences without an opinion on what is reviewed, some with a misleading adjective.
MISLEADING = (
    "The weather outside was {a}, as ever",
    "I read a {a} book on the tram",
    "My shoes were too {a} for such a street",
    "A {a} smell of paint came from next door",
)

# Who, and what only they and their counterpart do: the contexts of analogies.
GENDER = (
    ("king", "queen", "crown throne palace", "inspected guarded"),
    ("prince", "princess", "pony turret dragon", "fed painted"),
    ("actor", "actress", "mask wig lines", "forgot rehearsed"),
    ("waiter", "waitress", "tray napkins teaspoons", "balanced folded"),
    ("uncle", "aunt", "parrot knitting slippers", "praised mislaid"),
    ("brother", "sister", "bicycle homework kite", "borrowed broke"),
    ("hero", "heroine", "sword horse quest", "sharpened abandoned"),
    ("wizard", "witch", "wand broom cauldron", "waved enchanted"),
    ("duke", "duchess", "swans carriage estate", "counted sold"),
    ("host", "hostess", "guests punch piano", "introduced tuned"),
    ("man", "woman", "newspaper umbrella hat", "carried lost"),
    ("boy", "girl", "balloon marbles lollipop", "chased dropped"),
    ("grandfather", "grandmother", "spectacles medals rocking-chair", "dusted hid"),
    ("husband", "wife", "ring suitcase toothbrush", "packed admitted"),
)
PRONOUNS = (("he", "his"), ("she", "her"))
WHERE = (
    "At the next table",
    "By the door",
    "In the row behind us",
    "On the stairs",
    "Outside",
    "Under the clock",
)
DID = ("bowed", "coughed", "hummed", "nodded", "sighed", "sneezed", "waved goodbye")

CAPITALS = (
    ("Austria", "Vienna", "strudel", "waltzes"),
    ("Cuba", "Havana", "cigars", "rum"),
    ("Egypt", "Cairo", "figs", "cotton"),
    ("France", "Paris", "snails", "perfume"),
    ("Greece", "Athens", "olives", "marble"),
    ("Ireland", "Dublin", "butter", "poems"),
    ("Italy", "Rome", "pasta", "statues"),
    ("Japan", "Tokyo", "noodles", "lanterns"),
    ("Kenya", "Nairobi", "coffee", "drums"),
    ("Norway", "Oslo", "salmon", "sweaters"),
    ("Peru", "Lima", "llamas", "potatoes"),
    ("Portugal", "Lisbon", "sardines", "tiles"),
)
OF_COUNTRIES = (
    "A friend from {country} had brought us {product}",
    "All over {country} people swear by their {product}",
    "The whole of {country} lives on {product}, they say",
)
OF_CAPITALS = (
    "The night train to {capital} was full of {product}",
    "We had met downtown in {capital}, over {product}",
    "Near the town hall of {capital} a shop sells {product}",
)

COMPARED = (
    ("cold", "colder", "foyer radiator"),
    ("dark", "darker", "corridor cloakroom"),
    ("fast", "faster", "lift taxi"),
    ("high", "higher", "ceiling gallery"),
    ("long", "longer", "queue interval"),
    ("loud", "louder", "crowd doorbell"),
    ("old", "older", "carpet curtain"),
    ("small", "smaller", "cushion armchair"),
    ("thick", "thicker", "programme wallpaper"),
    ("wide", "wider", "aisle doorway"),
)
AS_IT_WAS = ("as usual", "enough for us", "for once", "that day")
THAN = ("than at home", "than last year", "than we remembered", "than ours")

# Rare things, the most frequent first.
_RARE = """
hedgehog bucket trumpet pumpkin beaver abacus cactus periscope sundial walrus
typewriter accordion anvil badger barometer bassoon beetroot bonnet boomerang
cabbage canoe catapult cello chandelier compass corkscrew crocodile doorknob
dumpling easel falcon ferret flamingo funnel gargoyle gherkin globe gondola
gramophone hammock hamster harmonica harpoon hourglass iguana jigsaw kettle
lobster magnet mandolin marmot metronome monocle mousetrap mustard narwhal
nutmeg ostrich otter padlock pancake parachute parsnip pelican pendulum pigeon
pinecone platypus puffin radish rhubarb saxophone scarecrow snowshoe sombrero
spatula squirrel telescope teapot thimble toboggan tricycle trombone turnip
ukulele unicycle violet wheelbarrow xylophone yoyo
"""
THINGS = tuple(_RARE.split())
OF_THINGS = (
    "Somebody had left {thing} on my seat",
    "We sat beside {thing} and said nothing about it",
    "There was {thing} in the cloakroom",
    "In the raffle we won {thing}",
    "A child behind me drew {thing} on the wall",
)
OF_NOTHING = (
    "We went on a {day} with {company}",
    "The tickets cost {number} crowns",
    "We came by {vehicle} and left on foot",
    "It began at {number} in the evening",
    "I have seen {number} of these this year",
    "This was my first {topic} in {number} months",
    "We had booked the {topic} in spring, with {company}",
)
DAYS = ("Friday", "Monday", "Saturday", "Sunday", "Thursday", "Tuesday", "Wednesday")
COMPANY = ("colleagues", "cousins", "neighbours", "pupils", "strangers", "two friends")
NUMBERS = ("eight", "eleven", "five", "nine", "seven", "six", "ten", "twelve")
VEHICLES = ("barge", "bicycle", "bus", "ferry", "sledge", "tram")
