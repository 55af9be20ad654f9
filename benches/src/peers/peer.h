/*
 * What each adapter of a map in C or C++ offers: for words, for texts (keys that are strings, values that are words), and
 * some for bytes (keys that are strings, values of any length). A key is a word, or the address of 32 letters with a zero
 * behind them; a value is a word, or the address of bytes.
 */
#ifndef PEER_H
#define PEER_H

#include <stdint.h>
#include <string.h>

#define TEXT 32

/* Travels in two registers, as ptl_u64 does. */
struct found {
    uint64_t value; /* the word, or the length of what was copied to the buffer */
    int32_t found;
};

struct peer {
    void *(*create)(uint64_t room); /* room 0: as it comes; NULL: this map cannot be told its size */
    void (*destroy)(void *map);
    void (*enter)(void *map); /* before a thread's first call */
    void (*leave)(void *map); /* after its last */
    void (*settle)(void *map); /* after the map was filled */
    struct found (*load)(void *map, uint64_t key, void *buffer);
    void (*insert)(void *map, uint64_t key, uint64_t value, uint64_t size); /* the key is new */
    void (*store)(void *map, uint64_t key, uint64_t value, uint64_t size);  /* the key is there, as a rule */
    void (*delete_)(void *map, uint64_t key);
    /* of the values, of bytes the first eight, and of keys that are words */
    uint64_t (*sum)(void *map, uint64_t *entries);
};

static inline void nothing(void *map) {}

static inline uint64_t first_word(const void *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* For maps that leave hashing to their users: as quick as what the maps in Rust have. */
static inline uint64_t hash_word(uint64_t key)
{
    __uint128_t product = (__uint128_t)(key ^ 0x2d358dccaa6c78a5u) * 0x9e3779b97f4a7c15u;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_text(const char *text)
{
    uint64_t words[TEXT / 8];
    memcpy(words, text, TEXT);
    __uint128_t first = (__uint128_t)(words[0] ^ 0x2d358dccaa6c78a5u) * (words[1] ^ 0x8bb84b93962eacc9u);
    __uint128_t second = (__uint128_t)(words[2] ^ 0x4b33a62ed433d4a3u) * (words[3] ^ 0x4d5a2da51de1aa47u);
    return hash_word((uint64_t)first ^ (uint64_t)(first >> 64) ^ (uint64_t)second ^ (uint64_t)(second >> 64));
}

#endif
