#include "report/assets.h"

#include "base/embed.h"
#include "report/assets/report_assets.h"

EH_EMBED(eh_asset_bytes_echarts, EH_ASSET_ECHARTS_PATH);
EH_EMBED(eh_asset_bytes_pico, EH_ASSET_PICO_PATH);
EH_EMBED(eh_asset_bytes_css, EH_ASSET_CSS_PATH);
EH_EMBED(eh_asset_bytes_js, EH_ASSET_JS_PATH);

static const struct {
    const char *ptr;
    const uint64_t *bytes;
    const char *sha256;
} assets[EH_ASSETS_COUNT] = {
    [EH_ASSET_ECHARTS] = {eh_asset_bytes_echarts, &eh_asset_bytes_echarts_bytes, EH_ASSET_ECHARTS_SHA256},
    [EH_ASSET_PICO] = {eh_asset_bytes_pico, &eh_asset_bytes_pico_bytes, EH_ASSET_PICO_SHA256},
    [EH_ASSET_CSS] = {eh_asset_bytes_css, &eh_asset_bytes_css_bytes, EH_ASSET_CSS_SHA256},
    [EH_ASSET_JS] = {eh_asset_bytes_js, &eh_asset_bytes_js_bytes, EH_ASSET_JS_SHA256},
};

eh_view eh_asset_get(eh_asset asset)
{
    EH_ASSERT(asset < EH_ASSETS_COUNT);
    return (eh_view){assets[asset].ptr, (size_t)*assets[asset].bytes};
}

const char *eh_asset_sha256(eh_asset asset)
{
    EH_ASSERT(asset < EH_ASSETS_COUNT);
    return assets[asset].sha256;
}
