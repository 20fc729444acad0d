/** What is embedded in the program: the libraries and the style of every page that it makes. */
#ifndef EH_REPORT_ASSETS_H
#define EH_REPORT_ASSETS_H

#include "base/base.h"

typedef enum { EH_ASSET_ECHARTS, EH_ASSET_PICO, EH_ASSET_CSS, EH_ASSET_JS, EH_ASSETS_COUNT } eh_asset;
eh_view eh_asset_get(eh_asset asset);
/** Base64 of the SHA-256 of the bytes, as a content security policy wants it. */
const char *eh_asset_sha256(eh_asset asset);

#endif
