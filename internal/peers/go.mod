module github.com/streamer-audio/streamer/internal/peers

go 1.26.0

require (
	github.com/mjibson/go-dsp v0.0.0-20180508042940-11479a337f12
	github.com/streamer-audio/streamer v0.0.0
	github.com/tphakala/simd v1.8.0
	github.com/viterin/vek v0.4.3
	github.com/yalue/onnxruntime_go v1.27.0
	gonum.org/v1/gonum v0.17.0
)

require (
	github.com/chewxy/math32 v1.10.1 // indirect
	github.com/viterin/partial v1.1.0 // indirect
	golang.org/x/exp v0.0.0-20230817173708-d852ddb80c63 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/streamer-audio/streamer => ../..
