package attack

// catalogue is every attack: adding one is a file and a line.
var catalogue = []Entry{
	fact, label, opinion, cleanLabel,
	backdoor,
	comply, persona, obey,
	slip, order, lossWeight, lr, gradient, adapterSwap, template,
	benignControl,
	triggerOnly, targetOnly, shuffled, swap,
}
