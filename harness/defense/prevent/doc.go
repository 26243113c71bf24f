// Package prevent holds what a pipeline can do against poison without knowing whether there is any: before, while and after it trains.
// Each costs something, and is measured as the attacks are: success, clean accuracy, refusals of the model that comes out.
//
//	Catalogue  every prevention with its parameters, a line each
//	New        a name and parameters -> Prevention, whose fields act on the stages of a run
package prevent
