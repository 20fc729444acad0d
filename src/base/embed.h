/** Files that are a part of the program. */
#ifndef EH_BASE_EMBED_H
#define EH_BASE_EMBED_H

#include <stdint.h>

/* The assembler copies the file into the program; a symbol for the first byte and one for the size are all that C sees of it. */
#define EH_EMBED(symbol, path)                                                                                       \
    __asm__(".pushsection .rodata\n\t.balign 16\n\t.hidden " #symbol "\n\t.global " #symbol "\n" #symbol ":\n\t"  \
            ".incbin \"" path "\"\n" #symbol "_end:\n\t.byte 0\n\t.balign 8\n\t.hidden " #symbol "_bytes\n\t"     \
            ".global " #symbol "_bytes\n" #symbol "_bytes:\n\t.quad " #symbol "_end - " #symbol "\n\t.popsection"); \
    extern const char symbol[];                                                                                   \
    extern const uint64_t symbol##_bytes

#endif
