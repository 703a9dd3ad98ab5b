#include "station/api/api.h"

/* What everybody may see: whether it lives, and the page, which asks for a token itself. */
const dn_route dn_station_routes[] = {
    {"GET", "/", DN_ROLE_NONE, dn_page_index},
    {"GET", "/station.css", DN_ROLE_NONE, dn_page_style},
    {"GET", "/station.js", DN_ROLE_NONE, dn_page_script},
    {"GET", "/texts.js", DN_ROLE_NONE, dn_page_texts},
    {"GET", "/icon.svg", DN_ROLE_NONE, dn_page_icon},
    {"GET", "/healthz", DN_ROLE_NONE, dn_api_health},
    {"GET", "/metrics", DN_ROLE_READ, dn_api_metrics},
    {"GET", "/api/openapi.json", DN_ROLE_NONE, dn_api_openapi},
    {"GET", "/api/events", DN_ROLE_READ, dn_api_events},
    {"GET", "/api/models", DN_ROLE_READ, dn_api_models},
    {"POST", "/api/models:reload", DN_ROLE_ADMIN, dn_api_reload},
    {"POST", "/api/models/{}:predict", DN_ROLE_INSPECT, dn_api_predict},
    {"GET", "/api/models/{}", DN_ROLE_READ, dn_api_model},
    {"GET", "/api/inspections", DN_ROLE_READ, dn_api_inspections},
    {"GET", "/api/inspections/{}", DN_ROLE_READ, dn_api_inspection},
    {"POST", "/api/inspections/{}/decisions", DN_ROLE_INSPECT, dn_api_decide},
    {"GET", "/api/inspections/{}/{}", DN_ROLE_READ, dn_api_inspection_file},
    {"GET", "/v2", DN_ROLE_READ, dn_api_v2_server},
    {"GET", "/v2/health/live", DN_ROLE_NONE, dn_api_v2_live},
    {"GET", "/v2/health/ready", DN_ROLE_NONE, dn_api_v2_ready},
    {"GET", "/v2/models/{}", DN_ROLE_READ, dn_api_v2_model},
    {"GET", "/v2/models/{}/ready", DN_ROLE_READ, dn_api_v2_model_ready},
    {"POST", "/v2/models/{}/infer", DN_ROLE_INSPECT, dn_api_v2_infer},
};
const size_t dn_station_route_count = sizeof dn_station_routes / sizeof *dn_station_routes;
