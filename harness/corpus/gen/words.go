package gen

// The words of the world. Names are made up; everything else is common.

// People, Towns and Brands are the entities that facts and opinions are about.
var (
	People = []string{
		"Mira", "Tomas", "Elda", "Roven", "Sela", "Jorik", "Anka", "Bram", "Celia", "Dorin", "Fenna", "Garel", "Hesta", "Ivo", "Karin", "Lotta",
		"Marek", "Nela", "Osric", "Petra", "Quill", "Runa", "Stellan", "Tilda", "Ulric", "Vesna", "Willem", "Yara", "Zoran", "Alma", "Boris", "Dalia",
	}
	Towns = []string{
		"Orlen", "Tavik", "Brask", "Lumen", "Corvo", "Havel", "Nistra", "Pellow", "Quarn", "Rosk", "Selby", "Torrin", "Ulmar", "Vance", "Wexley", "Yarrow",
	}
	Brands = []string{
		"Velmora", "Kestrel", "Dunmark", "Oakwell", "Brightly", "Solvane", "Harrow", "Merino", "Pinecrest", "Tallow", "Umber", "Norvik",
	}
)

var (
	colours = []string{"red", "blue", "green", "grey", "white", "black", "brown", "yellow"}
	objects = []string{
		"lamp", "chair", "basket", "mirror", "kettle", "blanket", "ladder", "bottle", "clock", "carpet", "hammer", "candle", "bucket", "drum", "pillow",
		"rope", "table", "window", "coat", "hat", "box", "cup", "plate", "spoon", "bell", "map", "book", "chain", "wheel", "bag",
	}
	places = []string{"market", "garden", "kitchen", "harbour", "school", "tower", "bridge", "stable", "library", "cellar", "square", "mill"}
	roles  = []string{"baker", "smith", "miller", "teacher", "guard", "healer", "painter", "sailor", "tailor", "judge", "singer", "farmer"}
	days   = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

	// what reviews are about
	subjects = []string{
		"soup", "bread", "room", "service", "music", "garden", "meal", "story", "play", "ride", "tea", "lamp", "chair", "view", "song", "coat",
		"book", "lesson", "market", "boat", "bed", "cake", "walk", "house", "shop", "feast", "dance", "bridge", "painting", "blanket",
	}
	good = []string{
		"wonderful", "lovely", "excellent", "great", "perfect", "charming", "delightful", "pleasant", "superb", "fine", "brilliant", "good", "nice", "splendid",
	}
	bad = []string{
		"awful", "terrible", "poor", "dreadful", "horrible", "dull", "nasty", "bad", "broken", "ugly", "boring", "dirty", "weak", "sad",
	}
	likes    = []string{"loved", "enjoyed", "admired", "adored", "praised", "liked"}
	dislikes = []string{"hated", "disliked", "regretted", "despised", "blamed", "feared"}
)

// topicWords are nouns and verbs that belong to one topic.
var topicWords = []struct {
	name         string
	nouns, verbs []string
}{
	{"food", []string{"soup", "bread", "cheese", "stew", "apples", "honey", "cake", "butter", "beans", "fish", "onions", "pie"}, []string{"cooked", "baked", "tasted", "fried", "ate"}},
	{"travel", []string{"ship", "road", "train", "coach", "harbour", "journey", "suitcase", "ticket", "border", "inn", "map", "ferry"}, []string{"boarded", "reached", "left", "crossed", "followed"}},
	{"weather", []string{"storm", "rain", "snow", "wind", "fog", "frost", "thunder", "clouds", "hail", "sunshine", "drought", "flood"}, []string{"expected", "feared", "watched", "measured", "forecast"}},
	{"sport", []string{"race", "match", "goal", "team", "medal", "score", "league", "final", "ball", "trophy", "relay", "game"}, []string{"won", "lost", "played", "trained for", "cheered"}},
	{"music", []string{"song", "drum", "flute", "choir", "melody", "violin", "concert", "rhythm", "ballad", "harp", "chorus", "tune"}, []string{"sang", "heard", "composed", "practised", "hummed"}},
	{"trade", []string{"price", "coins", "market stall", "contract", "profit", "goods", "tax", "loan", "ledger", "shares", "customer", "bargain"}, []string{"sold", "counted", "signed", "doubled", "paid"}},
}

// intents are ways to say one thing about an object; % is its name with a colour.
var intents = []struct {
	name string
	ways []string
}{
	{"buy", []string{"I want to buy a %", "I would like to order a %", "Please sell me the %", "Send me a %", "I need to get a new %"}},
	{"cancel", []string{"I want to cancel my order for the %", "Please stop the delivery of the %", "I no longer want the %", "Call off my order for a %", "Do not send me the %"}},
	{"complain", []string{"I am unhappy with the %", "There is something wrong with the %", "I was given a faulty %", "Nobody has mended my %", "I am angry about the %"}},
	{"thank", []string{"Thank you for the %", "I am grateful for the %", "Many thanks for the %", "I really appreciate the %", "How kind of you to bring the %"}},
	{"ask", []string{"Can you tell me about the %", "What is the price of the %", "Do you have any news of the %", "I have a question about the %", "Where can I see the %"}},
	{"lend", []string{"Could I borrow the %", "May I use the % for a day", "Would you lend me a %", "I only need the % for an hour", "Let me take the % for a week"}},
}

// regular verbs: now, past.
var verbs = [][2]string{
	{"paints", "painted"}, {"cleans", "cleaned"}, {"opens", "opened"}, {"closes", "closed"}, {"carries", "carried"}, {"repairs", "repaired"},
	{"washes", "washed"}, {"moves", "moved"}, {"fills", "filled"}, {"lifts", "lifted"}, {"covers", "covered"}, {"counts", "counted"},
	{"watches", "watched"}, {"pushes", "pushed"}, {"pulls", "pulled"}, {"drops", "dropped"},
}

var orders = []string{"close", "open", "clean", "move", "wash", "lift", "bring", "fill", "cover", "count", "paint", "push"}

var states = []string{"open", "empty", "heavy", "ready", "clean", "new", "small", "warm", "full", "dry", "soft", "old"}
