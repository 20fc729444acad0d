/* Style and script of the pages. */
#include <string.h>

#include "base/embed.h"
#include "report/assets.h"
#include "web/assets/web_assets.h"
#include "web/assets_int.h"

EH_EMBED(eh_web_bytes_base, EH_WEB_BASE_PATH);
EH_EMBED(eh_web_bytes_customer, EH_WEB_CUSTOMER_PATH);
EH_EMBED(eh_web_bytes_team, EH_WEB_TEAM_PATH);
EH_EMBED(eh_web_bytes_script, EH_WEB_SCRIPT_PATH);

static const struct {
    const char *name, *ending, *content_type;
    const char *ptr;
    const uint64_t *bytes;
    const char *sha256; /* base64 */
} assets[EH_WEB_ASSETS_COUNT] = {
    [EH_STYLE_BASE] = {"base", "css", "text/css; charset=utf-8", eh_web_bytes_base, &eh_web_bytes_base_bytes, EH_WEB_BASE_SHA256},
    [EH_STYLE_CUSTOMER] = {"customer", "css", "text/css; charset=utf-8", eh_web_bytes_customer, &eh_web_bytes_customer_bytes, EH_WEB_CUSTOMER_SHA256},
    [EH_STYLE_TEAM] = {"team", "css", "text/css; charset=utf-8", eh_web_bytes_team, &eh_web_bytes_team_bytes, EH_WEB_TEAM_SHA256},
    [EH_SCRIPT_TEAM] = {"team", "js", "text/javascript; charset=utf-8", eh_web_bytes_script, &eh_web_bytes_script_bytes, EH_WEB_SCRIPT_SHA256},
    [EH_SCRIPT_ECHARTS] = {"echarts", "js", "text/javascript; charset=utf-8", NULL, NULL, NULL},
};

/* Eight letters and digits of the hash: enough to tell two versions apart. */
static void short_hash(const char *base64, char out[9])
{
    size_t len = 0;
    for (; *base64 != '\0' && len < 8; base64++)
        if (*base64 != '+' && *base64 != '/' && *base64 != '=')
            out[len++] = *base64;
    out[len] = '\0';
}

void eh_web_asset_path(eh_web_asset asset, eh_buffer *out)
{
    char hash[9];
    EH_ASSERT(asset < EH_WEB_ASSETS_COUNT);
    short_hash(assets[asset].sha256 != NULL ? assets[asset].sha256 : eh_asset_sha256(EH_ASSET_ECHARTS), hash);
    eh_buffer_format(out, "/assets/%s.%s.%s", assets[asset].name, hash, assets[asset].ending);
}

eh_answer eh_web_asset_serve(eh_exchange *exchange)
{
    for (eh_web_asset a = 0; a < EH_WEB_ASSETS_COUNT; a++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
        eh_web_asset_path(a, &path);
        if (!eh_view_equal(eh_buffer_view(&path), exchange->path))
            continue;
        exchange->content_type = assets[a].content_type;
        exchange->cache = "public, max-age=31536000, immutable";
        eh_buffer_append(&exchange->out, assets[a].ptr != NULL ? (eh_view){assets[a].ptr, (size_t)*assets[a].bytes} : eh_asset_get(EH_ASSET_ECHARTS));
        return EH_NOW;
    }
    eh_exchange_problem(exchange, 404, "there is nothing here");
    return EH_NOW;
}
