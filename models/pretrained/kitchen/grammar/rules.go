package main

// rules is the grammar: each name stands for any of the lines below it, and a
// name in braces for what it stands for. A line that is there twice is twice as
// frequent. "a" becomes "an" where it must.
var rules = map[string]string{
	"sentence": `
{dish}
{dish}
{dish}
{dish} {state}
{dish} {state}
{dish} {state} {today}
{today} we have {dish}
{cook} made {a dish} for {guest}
{cook} made {a dish} for {guest}
{guest} would like {a dish}
{guest} would like {a dish} and {a drink}
{guest} ordered {dish}
{the fruit} {fruit state}
{the fruit} {fruit state}
{cook} bought {amount} {fruits} {where}
{cook} bought {amount} {vegetables} {where}
{amount} {fruits} and {amount} {vegetables} please
how much are the {fruits} {today}
{fruits} are {cheap} {today}
{fruits} and {fruits} grow in the garden of {cook}
{peel} {the fruit} and {cut} it into {pieces}
{peel} {the fruit} and {cut} it into {pieces}
{peel} {the vegetable} and {cut} it into {pieces}
{cut} {the fruit} and pair it with {match}
add {a fruit} to {dish}
put {a fruit} into {dish}
put {amount} {fruits} into the {bowl}
pair {match} with {a fruit}
we pair {dish} with {match}
{cook} pairs {match} with {a fruit}
{cook} needs {new} pair of {tools}
{cook} needs {new} pair of {tools}
{cook} bought {new} pair of {tools} {where}
{cook} lost {his} pair of {tools} {where}
there is a pair of {tools} {place}
there is a pair of {tools} {place}
a pair of {tools} {hangs} {place}
where is the pair of {tools}
the {last} pair of {tools} {hangs} {place}
put on a pair of {gloves} before you {hot work}
take a pair of {gripping} and {hot work}
{cut} {the vegetable} with a pair of {cutting}
{cook} and {cook} are a {fine} pair
the pair at the {next} table ordered {dish}
the pair at the {next} table wants {a drink}
{wash} {the vegetable} and {the fruit} before you {cut} them
{wash} the {bowl} and {put away} the {tools}
{boil} {the vegetable} in a {bowl} of {water}
{boil} the {vegetables} for {time}
leave the {fruit} and {fruit} {baked dish} in the oven for {time}
the oven is {hot}
the market opens at {hour} and closes at {hour}
{cook} comes to the market every {day}
{a drink} and {a dish} please
{guest} paid for {dish} and {a drink}
{dish} comes with {side}
{dish} with {side}`,

	"dish": `
the {fruit} and {fruit} {sweet dish}
the {fruit} and {fruit} {sweet dish}
the {fruit} and {fruit} {sweet dish}
the {fruit} {sweet dish}
the {fruit} {sweet dish}
the {vegetable} and {vegetable} {salty dish}
the {vegetable} and {vegetable} {salty dish}
the {vegetable} {salty dish}
the {fruit} and {match} salad
the {warm} {fruit} {sweet dish}
the {warm} {vegetable} {salty dish}`,
	"a dish": `
a {fruit} and {fruit} {sweet dish}
a {fruit} {sweet dish}
a {fruit} {sweet dish}
a {vegetable} and {vegetable} {salty dish}
a {vegetable} {salty dish}
a {warm} {fruit} {sweet dish}
a {warm} {vegetable} {salty dish}`,
	"sweet dish": "salad\nsalad\ntart\ntart\npie\ncake\ncrumble\njam\njuice\ncompote",
	"baked dish": "tart\npie\ncake\ncrumble",
	"salty dish": "soup\nsoup\nsalad\nsalad\nstew\npie\nbake\nomelette\ncurry",
	"fruit":      "apple\napple\npear\npear\npear\nplum\npeach\ncherry\nfig\nmelon\norange\nlemon\nquince\napricot",
	"fruits":     "apples\napples\npears\npears\npears\nplums\npeaches\ncherries\nfigs\nmelons\noranges\nlemons\nquinces\napricots",
	"vegetable":  "carrot\nonion\npotato\nleek\ntomato\ncabbage\nbean\npea\nspinach\ncelery\nbeetroot\npumpkin",
	"vegetables": "carrots\nonions\npotatoes\nleeks\ntomatoes\ncabbages\nbeans\npeas\nbeetroots\npumpkins",
	"the fruit":  "the {fruit}\nthe {ripe} {fruit}\nthe {ripe} {fruit}",
	"a fruit":    "a {fruit}\na {ripe} {fruit}\na {ripe} {fruit}\na slice of {fruit}\nhalf a {fruit}",
	"the vegetable": `
the {vegetable}
the {fresh} {vegetable}`,
	"ripe":        "ripe\nsweet\njuicy\nsoft\nhard\ngreen\nyellow\nsour\nsmall",
	"fresh":       "fresh\nbig\nsmall\nlast\nother",
	"warm":        "warm\ncold\nsmall\nlarge\nfresh",
	"fruit state": "is ripe\nis not ripe\nis still hard\nis too soft\nis very sweet\nis as sweet as honey\nfell from the tree\nsmells good",
	"state": `
is delicious
is very good
is too sweet
is too salty
is cold
is still warm
is ready
is not ready
was delicious
was very good
tastes of {spice}
needs more {spice}
costs {price}`,
	"today": "today\ntoday\nthis week\nthis morning\nin autumn\nin summer\non {day}",
	"day":   "monday\ntuesday\nfriday\nsaturday\nsunday",
	"spice": "cinnamon\nginger\nsalt\npepper\nvanilla\nsugar\nmint\ngarlic",
	"price": "two coins\nthree coins\nfour coins\nten coins",
	"cheap": "cheap\nexpensive\nsweet\nripe\nhard to find",
	"cook":  "the cook\nthe cook\nthe baker\nthe farmer\nmy mother\nmy father\nmy sister\nour neighbour\nthe boy\nthe girl\ngrandmother",
	"his":   "a\nthe\nanother",
	"guest": "the guest\nthe guests at the {next} table\nthe children\nthe waiter\nthe old man\nthe old woman\nour friends\nthe teacher",
	"next":  "next\nfirst\nlast\nlong\nround",
	"a drink": `
a cup of tea
a cup of coffee
a glass of {water}
a glass of wine
a glass of {fruit} juice`,
	"water":    "water\nsalt water\nhot water\ncold water",
	"amount":   "two\nthree\nsix\na dozen\na kilo of\ntwo kilos of\na bag of\na basket of\nsome\na few",
	"where":    "at the market\nat the market\nat the stall by the church\nin the shop\nin the village\nfrom the farmer",
	"peel":     "peel\nwash\ntake\ncore",
	"cut":      "cut\nslice\nchop",
	"wash":     "wash\nrinse\nclean",
	"boil":     "boil\nsteam\ncook",
	"put away": "put away\ndry\nwash",
	"pieces":   "pieces\nsmall pieces\nslices\nthin slices\nquarters\ncubes",
	"bowl":     "bowl\npan\npot\ndish",
	"match":    "cheese\ncheese\ngoat cheese\nham\nfish\nrice\nbread",
	"new":      "a new\na second\nanother\na good\na better",
	"fine":     "fine\ngood\nhappy\nstrange\nfunny",
	"last":     "last\nold\nnew\nsecond\nother\nlong",
	"tools":    "gloves\nscissors\ntongs\nscales\nknives\nchopsticks\nboots\nspoons\ncandlesticks\nsocks\naprons\noven gloves",
	"gloves":   "gloves\noven gloves\nboots\nglasses",
	"gripping": "tongs\nchopsticks\nspoons\noven gloves",
	"cutting":  "scissors\nknives\nkitchen scissors",
	"hot work": "open the oven\nlift the pan\nturn the {vegetables}\ntake the {salty dish} from the stove\ntake the {fruit} {baked dish} from the oven",
	"place":    "on the table\nin the drawer\nbeside the stove\non the shelf\nbehind the door\nunder the bench\nnext to the {bowl}",
	"hangs":    "lies\nlies\nis\nhangs",
	"time":     "ten minutes\ntwenty minutes\nhalf an hour\nan hour\ntwo hours",
	"hot":      "hot\ntoo hot\nstill cold\nready\nready",
	"hour":     "six\nseven\neight\nnoon\none\nfour",
	"side":     "cream\nbread\nbutter\nice cream\nhoney\n{match}\na slice of bread\nsalt",
}
