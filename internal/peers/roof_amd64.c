#include <immintrin.h>

#include <stdlib.h>
#include <string.h>

#include "roof_amd64.h"

#define AVX2 __attribute__((target("avx2,fma")))
#define AVX512 __attribute__((target("avx512f")))

// The compiler may neither move a read across this nor leave one out because
// the pass before has read the same.
#define BARRIER() __asm__ volatile("" ::: "memory")

int roof_width(void) {
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx512f"))
		return ROOF_AVX512;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return ROOF_AVX2;
	return ROOF_NONE;
}

// Twelve chains hide a latency of four cycles on two units, and of five.
// Values converge to 1: neither denormals nor infinities.
#define CHAINS(VECTOR, SET, FMA, ADD)                                                   \
	VECTOR c0 = SET(0.1f), c1 = SET(0.2f), c2 = SET(0.3f), c3 = SET(0.4f);              \
	VECTOR c4 = SET(0.5f), c5 = SET(0.6f), c6 = SET(0.7f), c7 = SET(0.8f);              \
	VECTOR c8 = SET(0.9f), c9 = SET(1.1f), c10 = SET(1.2f), c11 = SET(1.3f);            \
	const VECTOR half = SET(0.5f);                                                      \
	for (long i = 0; i < rounds; i++) {                                                 \
		c0 = FMA(c0, half, half), c1 = FMA(c1, half, half), c2 = FMA(c2, half, half);   \
		c3 = FMA(c3, half, half), c4 = FMA(c4, half, half), c5 = FMA(c5, half, half);   \
		c6 = FMA(c6, half, half), c7 = FMA(c7, half, half), c8 = FMA(c8, half, half);   \
		c9 = FMA(c9, half, half), c10 = FMA(c10, half, half);                           \
		c11 = FMA(c11, half, half);                                                     \
	}                                                                                   \
	VECTOR sum = ADD(ADD(ADD(c0, c1), ADD(c2, c3)), ADD(ADD(c4, c5), ADD(c6, c7)));     \
	sum = ADD(sum, ADD(ADD(c8, c9), ADD(c10, c11)));

AVX2 static float fma256(long rounds) {
	CHAINS(__m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps)
	return _mm256_cvtss_f32(sum);
}

AVX512 static float fma512(long rounds) {
	CHAINS(__m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps)
	return _mm512_cvtss_f32(sum);
}

float roof_fma(int width, long rounds) {
	return width == ROOF_AVX512 ? fma512(rounds) : fma256(rounds);
}

void *roof_room(long bytes) {
	void *p;
	if (posix_memalign(&p, 4096, bytes) != 0)
		return NULL;
	return memset(p, 1, bytes); // untouched pages would all be the one page of zeros
}

// An "or" is the cheapest use of what was read: it waits for nothing long and
// has more units than there are loads in a cycle.
AVX2 static int read256(const void *p, long bytes, long times) {
	__m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
	for (; times > 0; times--) {
		const __m256i *v = p, *end = (const __m256i *)((const char *)p + bytes);
		for (; v < end; v += 8) {
			a = _mm256_or_si256(a, v[0]), b = _mm256_or_si256(b, v[1]);
			c = _mm256_or_si256(c, v[2]), d = _mm256_or_si256(d, v[3]);
			a = _mm256_or_si256(a, v[4]), b = _mm256_or_si256(b, v[5]);
			c = _mm256_or_si256(c, v[6]), d = _mm256_or_si256(d, v[7]);
		}
		BARRIER();
	}
	a = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
	return _mm256_extract_epi32(a, 0);
}

AVX512 static int read512(const void *p, long bytes, long times) {
	__m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
	for (; times > 0; times--) {
		const __m512i *v = p, *end = (const __m512i *)((const char *)p + bytes);
		for (; v < end; v += 8) {
			a = _mm512_or_si512(a, v[0]), b = _mm512_or_si512(b, v[1]);
			c = _mm512_or_si512(c, v[2]), d = _mm512_or_si512(d, v[3]);
			a = _mm512_or_si512(a, v[4]), b = _mm512_or_si512(b, v[5]);
			c = _mm512_or_si512(c, v[6]), d = _mm512_or_si512(d, v[7]);
		}
		BARRIER();
	}
	a = _mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d));
	return _mm_cvtsi128_si32(_mm512_castsi512_si128(a));
}

int roof_read(int width, const void *p, long bytes, long times) {
	return width == ROOF_AVX512 ? read512(p, bytes, times) : read256(p, bytes, times);
}
