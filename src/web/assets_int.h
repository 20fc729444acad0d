/** Private to web/: style and script of the pages, served by this server under names that change with their content. */
#ifndef EH_WEB_ASSETS_INT_H
#define EH_WEB_ASSETS_INT_H

#include "web/http_int.h"

typedef enum { EH_STYLE_BASE, EH_STYLE_CUSTOMER, EH_STYLE_TEAM, EH_SCRIPT_TEAM, EH_SCRIPT_ECHARTS, EH_WEB_ASSETS_COUNT } eh_web_asset;

/** Appends "/assets/base.1a2b3c4d.css". */
void eh_web_asset_path(eh_web_asset asset, eh_buffer *out);
/** GET /assets/:name; kept by the browser for a year. */
eh_answer eh_web_asset_serve(eh_exchange *exchange);

#endif
