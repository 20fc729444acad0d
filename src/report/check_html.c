#include "report/check_report.h"
void eh_check_html(const eh_check_about *about, const eh_check *check, eh_buffer *out)
{
    (void)about; (void)check; (void)out;
}
