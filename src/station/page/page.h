/* The page, as it lies in the program. */
#ifndef DN_STATION_PAGE_PAGE_H
#define DN_STATION_PAGE_PAGE_H

#include "station/http/server.h"

dn_http_handler dn_page_index, dn_page_style, dn_page_script, dn_page_texts, dn_page_icon;

#endif
