/* The network between machines, as people write it: "1gbit,1ms". */
#ifndef DN_CONFIG_LINK_H
#define DN_CONFIG_LINK_H

typedef struct dn_link {
    double bits;    /* a second */
    double latency; /* seconds, one way */
} dn_link;

enum { DN_LINK_TEXT = 96 };

/* 1, and a link that makes sense, if the whole text is RATE,LATENCY with gbit or mbit, and s, ms or
 * us. */
int dn_link_read(const char *text, dn_link *link);
void dn_link_print(const dn_link *link, char text[DN_LINK_TEXT]);

#endif
