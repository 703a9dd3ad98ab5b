/* The outputs of the Open Inference Protocol: which are wanted, as JSON or as binary data behind
 * it. */
#ifndef DN_STATION_API_V2_OUTPUTS_H
#define DN_STATION_API_V2_OUTPUTS_H

#include "station/api/judge.h"

#include <cjson/cJSON.h>

/* Whether all outputs that the request names exist. */
int dn_v2_outputs_exist(const cJSON *request);

/* Prints the wanted outputs, separated by commas; the data of binary ones goes into `binary`. */
void dn_v2_outputs_print(const dn_judgement *judgement, const cJSON *request, dn_buffer *json,
                         dn_buffer *binary);

#endif
