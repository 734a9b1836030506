#include "base/must.h"
int main(void)
{
	return 0;
}
