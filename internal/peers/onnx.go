package main

import (
	"encoding/binary"
	"math"
)

// message is a protocol buffer in the making: fields follow one another, each
// with its number and the kind of its value in front.
type message []byte

const (
	varintKind = 0
	bytesKind  = 2
)

func (m *message) key(field, kind int) {
	*m = binary.AppendUvarint(*m, uint64(field<<3|kind))
}

func (m *message) number(field, v int) {
	m.key(field, varintKind)
	*m = binary.AppendUvarint(*m, uint64(v))
}

func (m *message) bytes(field int, v []byte) {
	m.key(field, bytesKind)
	*m = append(binary.AppendUvarint(*m, uint64(len(v))), v...)
}

func (m *message) text(field int, v ...string) {
	for _, s := range v {
		m.bytes(field, []byte(s))
	}
}

// Field numbers and values of onnx.proto that a single node needs.
const (
	modelIRVersion, modelGraph, modelOpset         = 1, 7, 8
	opsetVersion                                   = 2
	graphNode, graphName, graphInitializer         = 1, 2, 5
	graphInput, graphOutput                        = 11, 12
	nodeInput, nodeOutput, nodeOp, nodeAttribute   = 1, 2, 4, 5
	attributeName, attributeI, attributeS          = 1, 3, 4
	attributeType, attributeIsInt, attributeIsText = 20, 2, 3
	tensorDims, tensorType, tensorName, tensorRaw  = 1, 2, 8, 9
	valueName, valueType, typeTensor               = 1, 2, 1
	shapedElement, shapedShape, shapeDim, dimValue = 1, 2, 1, 1
	float32Type, irVersion, opsetOfTheGRU          = 1, 8, 14
)

// onnxGRU is a model file of one GRU node for fixed sizes.
//
//	x  [steps, batch, input]
//	h0 [cells, batch, hidden]         if it keeps a state; otherwise zeros
//	hn [cells, batch, hidden]         its output, if it keeps a state
//	y  [steps, cells, batch, hidden]  its output, if it keeps none
func onnxGRU(steps, batch int, stateful bool, cells ...*cell) []byte {
	in, n := cells[0].input, cells[0].hidden
	var graph message
	graph.bytes(graphNode, gruNode(n, len(cells) > 1, stateful))
	graph.text(graphName, "gru")
	var w, r, b []float32
	for _, c := range cells {
		w, r = append(w, zrh(c.wi, c)...), append(r, zrh(c.wh, c)...)
		b = append(append(b, zrh(c.bi, c)...), zrh(c.bh, c)...)
	}
	graph.bytes(graphInitializer, onnxTensor("W", w, len(cells), 3*n, in))
	graph.bytes(graphInitializer, onnxTensor("R", r, len(cells), 3*n, n))
	graph.bytes(graphInitializer, onnxTensor("B", b, len(cells), 6*n))
	graph.bytes(graphInput, onnxValue("x", steps, batch, in))
	if stateful {
		graph.bytes(graphInput, onnxValue("h0", len(cells), batch, n))
		graph.bytes(graphOutput, onnxValue("hn", len(cells), batch, n))
	} else {
		graph.bytes(graphOutput, onnxValue("y", steps, len(cells), batch, n))
	}
	var opset, model message
	opset.number(opsetVersion, opsetOfTheGRU)
	model.number(modelIRVersion, irVersion)
	model.bytes(modelGraph, graph)
	model.bytes(modelOpset, opset)
	return model
}

// zrh moves the gates of a weight or bias from the order r, z, n to the order
// z, r, h of ONNX.
func zrh(v []float32, c *cell) []float32 {
	gate := len(v) / 3
	moved := append([]float32(nil), v[gate:2*gate]...)
	return append(append(moved, v[:gate]...), v[2*gate:]...)
}

func gruNode(hidden int, both, stateful bool) message {
	var node message
	inputs, outputs := []string{"x", "W", "R", "B"}, []string{"y"}
	if stateful { // an empty name stands for what is left out
		inputs, outputs = append(inputs, "", "h0"), []string{"", "hn"}
	}
	node.text(nodeInput, inputs...)
	node.text(nodeOutput, outputs...)
	node.text(nodeOp, "GRU")
	node.bytes(nodeAttribute, intAttribute("hidden_size", hidden))
	node.bytes(nodeAttribute, intAttribute("linear_before_reset", 1))
	if both {
		var direction message
		direction.text(attributeName, "direction")
		direction.text(attributeS, "bidirectional")
		direction.number(attributeType, attributeIsText)
		node.bytes(nodeAttribute, direction)
	}
	return node
}

func intAttribute(name string, v int) message {
	var a message
	a.text(attributeName, name)
	a.number(attributeI, v)
	a.number(attributeType, attributeIsInt)
	return a
}

func onnxTensor(name string, data []float32, shape ...int) message {
	var t message
	for _, d := range shape {
		t.number(tensorDims, d)
	}
	t.number(tensorType, float32Type)
	t.text(tensorName, name)
	var raw []byte
	for _, v := range data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	t.bytes(tensorRaw, raw)
	return t
}

func onnxValue(name string, shape ...int) message {
	var dims, shaped, kind, value message
	for _, d := range shape {
		var dim message
		dim.number(dimValue, d)
		dims.bytes(shapeDim, dim)
	}
	shaped.number(shapedElement, float32Type)
	shaped.bytes(shapedShape, dims)
	kind.bytes(typeTensor, shaped)
	value.text(valueName, name)
	value.bytes(valueType, kind)
	return value
}
