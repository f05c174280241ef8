// What the machine can do, with the vectors that it has. Nothing here needs
// compiler flags: each function says itself which instructions it uses.

// Widths of vectors, in bits.
enum { ROOF_NONE = 0, ROOF_AVX2 = 256, ROOF_AVX512 = 512 };

// Each round of roof_fma is so many vector multiply-adds, which do not wait
// for one another.
enum { ROOF_CHAINS = 12 };

// roof_read takes whole pieces of so many bytes.
enum { ROOF_PIECE = 512 };

// The widest vectors of this machine.
int roof_width(void);

// Does so many rounds of multiply-adds in registers.
float roof_fma(int width, long rounds);

// Room for so many bytes, all of them written to, or a null pointer. It lies
// outside the Go heap, whose size would otherwise change how often Go collects
// garbage, and so the times of whoever makes some.
void *roof_room(long bytes);

// Reads the bytes at p, aligned to 64 and a multiple of ROOF_PIECE, so many
// times from the first to the last.
int roof_read(int width, const void *p, long bytes, long times);
